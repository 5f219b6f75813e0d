/* The pages' only script: language, choosing cells, tables, and charts of exactly the rows that stand in a table.
   Data come as scripts, so that everything works from a disk too. */
"use strict";

window.labourdb = {
  words: {}, charts: {}, stored: {},
  /* Rows of an area, every column a text: numbers of values as letters, figures with a space between two (data.py). */
  receive(name, data) {
    const number = (letter) => letter.charCodeAt(0) - 58 - (letter > "\\");
    for (const d of Object.values(data.dimensions)) d.codes = Uint16Array.from(d.codes, number);
    for (const [figure, written] of Object.entries(data.figures)) {
      data.figures[figure] = written.split(" ").map((text) => (text === "" ? null : Number(text)));
    }
    this.stored[name] = data;
  },
};

(function () {
  const site = window.labourdb;
  const byId = (id) => document.getElementById(id);

  // ---- language ------------------------------------------------------------------------------------------------

  function language() {
    return byId("read-en").checked ? "en" : "vi";
  }

  function keep(name, value) {
    try { localStorage.setItem(name, value); } catch (error) { /* not kept, then */ }
  }

  function kept(name) {
    try { return localStorage.getItem(name); } catch (error) { return null; }
  }

  function startLanguage() {
    const asked = new URLSearchParams(location.search).get("lang") || kept("labourdb-language");
    const first = byId("read-" + asked);
    if (first) first.checked = true;
    const tell = () => {
      keep("labourdb-language", document.querySelector(".switch:checked").id.slice(5));
      document.documentElement.lang = language();
      document.dispatchEvent(new Event("labourdb-language"));
    };
    document.querySelectorAll(".switch").forEach((s) => s.addEventListener("change", tell));
    document.documentElement.lang = language();
  }

  // ---- words and figures -----------------------------------------------------------------------------------------

  function pair(list, code) {
    return (site.words[list] || {})[code] || [code, code];
  }

  function say(list, code) {
    return pair(list, code)[language() === "en" ? 1 : 0];
  }

  function write(value, kind) {
    if (value === null || value === undefined) return "–";
    const digits = kind === "percent" ? 2 : kind === "rounded" ? 2 : 0;
    const text = new Intl.NumberFormat(language() === "en" ? "en" : "vi-VN", {
      minimumFractionDigits: digits, maximumFractionDigits: digits,
    }).format(value);
    return kind === "percent" ? text + "\u00a0%" : text;
  }

  function kindOf(figure, unit, page) {
    const stated = page.kinds[figure];
    if (stated !== "unit") return stated;
    return unit.startsWith("percent") ? "percent" : ["persons", "person", "VND"].includes(unit) ? "whole" : "rounded";
  }

  /* The mark of a figure by the count it rests on; empty where that is large, unknown or not protected. */
  function markOf(count, page) {
    return page.few && count !== null && count !== undefined && count < page.few.below ? page.few.mark : "";
  }

  function restsOn(figure, row, page) {
    if (!page.few || row[figure] === null) return null;
    const count = (page.few.rests_on[figure] || []).find((name) => (row[name] ?? null) !== null);
    return count ? row[count] : null;
  }

  function marked(mark) {
    if (!mark) return [];
    const said = say("notes", "few");
    return [element("sup", { class: "few", role: "img", title: said, "aria-label": said }, mark)];
  }

  /* A median wage of too few: the only figure that is held back. */
  function heldBack(row, figure) {
    return row[figure] === null && (row.hidden === figure || (row.status === "suppressed" && figure === "value"));
  }

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  // ---- charts --------------------------------------------------------------------------------------------------

  const locales = {
    vi: { decimal: ",", thousands: ".", grouping: [3], currency: ["", " ₫"] },
    en: { decimal: ".", thousands: ",", grouping: [3], currency: ["₫", ""] },
  };

  function draw(place, chart, rows) {
    if (place.drawn) place.drawn.then((drawn) => drawn.finalize());
    place.classList.toggle("empty", !rows.length);
    if (!rows.length) {
      place.drawn = undefined;
      place.textContent = "";
      return;
    }
    const described = structuredClone(site.charts[chart]);
    described.data.find((d) => d.name === "rows").values = rows;
    // Vega takes the order of the series from what each mark draws, and a missing figure is drawn by some marks only:
    // colour, dash and shape of a series agree if all take it from the rows
    const series = [...new Map(rows.map((row) => [row.series, row.order_of_series || 0]))];
    const names = series.sort((a, b) => a[1] - b[1]).map(([name]) => name);
    described.scales.filter((scale) => scale.type === "ordinal").forEach((scale) => {
      if ((scale.domain.fields || [scale.domain]).some((from) => from.field === "series")) scale.domain = names;
    });
    place.drawn = window.vegaEmbed(place, described, {
      mode: "vega", renderer: "svg", actions: false, formatLocale: locales[language()],
    }).then((drawn) => {
      place.querySelectorAll("svg").forEach((svg) => svg.setAttribute("aria-hidden", "true"));
      return drawn;
    });
  }

  function drawStated() {
    document.querySelectorAll("[data-rows]").forEach((place) => {
      const rows = JSON.parse(place.dataset.rows).map((row) => ({
        ...row, series: row.series[language() === "en" ? 1 : 0], value_text: write(row.value, place.dataset.kind) + row.few,
      }));
      draw(place, place.dataset.chart, rows.some((row) => row.value !== null) ? rows : []);
    });
  }

  // ---- choosing cells --------------------------------------------------------------------------------------------

  function loaded(page, area) {
    const name = page.name + "/" + area.key;
    if (site.stored[name]) return Promise.resolve(site.stored[name]);
    return new Promise((resolve, reject) => {
      const script = element("script", { src: area.file });
      script.onload = () => resolve(site.stored[name]);
      script.onerror = () => reject(new Error(area.file));
      document.head.append(script);
    });
  }

  function rowsOf(data, fixed, chosen) {
    const conditions = Object.entries({ ...chosen, ...fixed })
      .filter(([name]) => name in data.dimensions)
      .map(([name, value]) => [data.dimensions[name].codes, data.dimensions[name].values.indexOf(value)]);
    const found = [];
    for (let i = 0; i < data.rows; i++) {
      if (!conditions.every(([codes, code]) => codes[i] === code)) continue;
      const row = {};
      for (const [name, d] of Object.entries(data.dimensions)) row[name] = d.values[d.codes[i]];
      for (const [name, values] of Object.entries(data.figures)) row[name] = values[i];
      found.push(row);
    }
    return found;
  }

  function ordered(page, name, values) {
    const known = Object.keys(site.words[page.lists[name] || name] || {});
    const place = (v) => (known.includes(v) ? known.indexOf(v) : known.length);
    return [...values].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  }

  function fill(select, page, name, values, wanted) {
    const options = ordered(page, name, values);
    select.textContent = "";
    options.forEach((v) => select.append(element("option", { value: v }, say(page.lists[name] || name, v))));
    const first = page.first[name] === "last" ? options[options.length - 1] : page.first[name];
    select.value = options.includes(wanted) ? wanted : options.includes(first) ? first : options[0];
  }

  function statusCell(row) {
    const kinds = { suppressed: "", provisional: "warn", low_coverage: "warn", not_available: "" };
    return element("td", {}, element("span", { class: "mark " + (kinds[row.status] ?? "good") }, say("status", row.status)));
  }

  /* What a table shows, also where nobody sees the choices: on paper. */
  function captionOf(page, view, limits, area) {
    const said = page.filters.filter((d) => d in limits).map((d) => {
      const list = d === "indicator" && view.fixed.basis === "official" ? "indicator of official" : page.lists[d] || d;
      return say(list, limits[d]);
    });
    const heading = document.querySelector(`[data-view="${view.id}"] h2`).innerText;
    return [heading, area.name[language() === "en" ? 1 : 0], ...said].join(" · ");
  }

  function table(page, view, rows, caption) {
    const head = element("tr", {});
    view.free.forEach((d) => head.append(element("th", { scope: "col" }, say("columns", d))));
    view.figures.forEach((f) => head.append(element("th", { scope: "col", class: "n" }, say("columns", f))));
    head.append(element("th", { scope: "col" }, say("columns", "status")));
    const body = element("tbody", {});
    rows.forEach((row) => {
      const line = element("tr", { "data-status": row.status });
      view.free.forEach((d, i) => {
        line.append(element(i ? "td" : "th", i ? {} : { scope: "row" }, say(page.lists[d] || d, row[d])));
      });
      view.figures.forEach((f) => {
        const text = heldBack(row, f) ? "•••" : write(row[f], kindOf(f, row.unit, page));
        line.append(element("td", { class: "n", "data-figure": f }, text, ...marked(markOf(restsOn(f, row, page), page))));
      });
      line.append(statusCell(row));
      body.append(line);
    });
    return [element("caption", {}, caption), element("thead", {}, head), body];
  }

  function charted(page, view, rows) {
    const made = [];
    rows.forEach((row) => {
      view.drawn.forEach((figure) => {
        const series = view.series ? say(page.lists[view.series] || view.series, row[view.series]) : say("columns", figure);
        const group = view.group ? say(page.lists[view.group] || view.group, row[view.group]) : "";
        let value = row[figure];
        let kind = kindOf(figure, row.unit, page);
        let few = markOf(restsOn(figure, row, page), page);
        if (view.share_of) {
          few = markOf(row[view.share_of], page);
          value = value === null || !row[view.share_of] ? null : (100 * value) / row[view.share_of];
          kind = "percent";
        }
        made.push({
          period: row.period, series, group, value, few, value_text: write(value, kind) + few, provisional: ["provisional", "low_coverage"].includes(row.status),
          order: view.group ? view.orders[view.group].indexOf(row[view.group]) : 0,
          order_of_series: view.series ? view.orders[view.series].indexOf(row[view.series]) : view.drawn.indexOf(figure),
        });
      });
    });
    const there = made.filter((r) => r.value !== null);
    return view.chart === "lines" && there.length ? made : there; // a line shows where a figure is missing
  }

  function lastOfficial(data, chosen) {
    const { period, ...cell } = chosen;
    const periods = rowsOf(data, { basis: "official" }, cell).map((r) => r.period).filter((p) => p <= period);
    return periods.sort().pop() || period;
  }

  function show(page, data, chosen, area) {
    page.views.forEach((view) => {
      const section = document.querySelector(`[data-view="${view.id}"]`);
      const limits = { ...chosen };
      view.free.forEach((d) => delete limits[d]);
      (view.any || []).forEach((d) => delete limits[d]);
      let rows = rowsOf(data, view.fixed, limits);
      Object.entries(view.only).forEach(([d, like]) => { rows = rows.filter((r) => new RegExp(like).test(r[d])); });
      const orders = {};
      view.free.forEach((d) => { orders[d] = ordered(page, d, new Set(rows.map((r) => r[d]))); });
      view.orders = orders;
      view.free.slice().reverse().forEach((d) => rows.sort((a, b) => orders[d].indexOf(a[d]) - orders[d].indexOf(b[d])));
      const search = section.querySelector("input[type=search]");
      if (search && search.value.trim()) {
        const wanted = search.value.trim().toLowerCase();
        rows = rows.filter((r) => r[view.free[0]].toLowerCase().includes(wanted));
      }
      section.querySelector("table").replaceChildren(...table(page, view, rows, captionOf(page, view, limits, area)));
      const hidden = rows.filter((r) => view.figures.some((f) => heldBack(r, f))).length;
      const note = section.querySelector(".note");
      note.textContent = !rows.length ? say("notes", "none") : hidden ? say("notes", "hidden").replace("{n}", hidden).replace("{all}", rows.length) : "";
      if (view.chart) draw(section.querySelector(".chart"), view.chart, charted(page, view, rows));
    });
    const trace = byId("trace");
    if (trace) {
      const plain = (text) => (/^[\w.@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
      const isRegister = rowsOf(data, { basis: "register" }, { indicator: chosen.indicator }).length > 0;
      const period = isRegister ? chosen.period : lastOfficial(data, chosen);
      const cell = ["sex", "age_group", "urban_rural"].filter((d) => chosen[d] && chosen[d] !== "total");
      const options = { sex: "--sex", age_group: "--age", urban_rural: "--urban" };
      trace.textContent = `labourdb explain ${plain(chosen.indicator)} --area ${area.key} --period ${period}`
        + cell.map((d) => ` ${options[d]} ${plain(chosen[d])}`).join("")
        + (isRegister ? "" : " --basis official") + ` --release ${page.release}`;
    }
  }

  function startChoosing() {
    const stated = byId("explore");
    if (!stated) return;
    const page = JSON.parse(stated.textContent);
    const wanted = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    const areas = byId("choose-area");
    const selects = page.filters.map((name) => byId("choose-" + name));
    let chosen = { ...wanted };
    async function update() {
      const area = page.areas.find((a) => a.key === areas.value);
      let data;
      try {
        data = await loaded(page, area);
      } catch (error) {
        data = { rows: 0, dimensions: {}, figures: {} };
      }
      if (areas.value !== area.key) return; // another was chosen meanwhile
      byId("failed").hidden = data.rows > 0;
      if (!data.rows) {
        document.querySelectorAll("[data-view] table, [data-view] .chart").forEach((place) => place.replaceChildren());
        return;
      }
      page.filters.forEach((name, i) => {
        const values = data.dimensions[name].values.filter((v) => !page.not[name] || !new RegExp(page.not[name]).test(v));
        fill(selects[i], page, name, values, chosen[name]);
        chosen[name] = selects[i].value;
      });
      chosen.area = area.key;
      history.replaceState(null, "", "#" + new URLSearchParams(Object.fromEntries(["area", ...page.filters].map((n) => [n, chosen[n]]))));
      show(page, data, Object.fromEntries(page.filters.map((n) => [n, chosen[n]])), area);
      document.body.dataset.ready = String(Number(document.body.dataset.ready || 0) + 1);
    }
    const named = () => page.areas.forEach((a, i) => { areas.options[i].textContent = a.name[language() === "en" ? 1 : 0]; });
    page.areas.forEach((a) => areas.append(element("option", { value: a.key }, "")));
    named();
    areas.value = page.areas.some((a) => a.key === wanted.area) ? wanted.area : page.areas[0].key;
    [areas, ...selects].forEach((s) => s.addEventListener("change", () => {
      page.filters.forEach((name, i) => { chosen[name] = selects[i].value || chosen[name]; });
      update();
    }));
    document.querySelectorAll("input[type=search]").forEach((s) => s.addEventListener("input", update));
    document.addEventListener("labourdb-language", () => { named(); update(); });
    update();
  }

  // ---- targets -------------------------------------------------------------------------------------------------

  function startProvinces() {
    const select = byId("choose-province");
    if (!select) return;
    const update = () => {
      document.querySelectorAll("[data-province]").forEach((s) => { s.hidden = !!select.value && s.dataset.province !== select.value; });
    };
    select.addEventListener("change", () => { update(); drawStated(); });
    update();
  }

  document.addEventListener("DOMContentLoaded", () => {
    startLanguage();
    startProvinces();
    startChoosing();
    drawStated();
    document.addEventListener("labourdb-language", drawStated);
    document.body.classList.add("scripted");
  });
})();
