/* Pages on which people choose: cells, tables, and charts of exactly the rows that stand in a table.
   Data come as scripts, so that everything works from a disk too. */
"use strict";

(function () {
  const site = window.labourdb;
  const language = document.documentElement.lang;
  const byId = (id) => document.getElementById(id);
  const folded = (text) => text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/[\u0300-\u036f]/g, "");

  // ---- words and figures -----------------------------------------------------------------------------------------

  function pair(list, code) {
    return (site.words[list] || {})[code] || [code, code];
  }

  function say(list, code) {
    return pair(list, code)[language === "en" ? 1 : 0];
  }

  function write(value, kind) {
    if (value === null || value === undefined) return "–";
    const digits = kind === "percent" ? 2 : kind === "rounded" ? 2 : 0;
    const text = new Intl.NumberFormat(language === "en" ? "en" : "vi-VN", {
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

  // ---- charts: small ones of our own, of exactly the rows of the table below them --------------------------------------

  const SVG = "http://www.w3.org/2000/svg";

  function drawn(tag, attributes, ...children) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  /* Round ends and ticks around values; zero is in for bars. */
  function scaled(values, most, zero, span) {
    let low = Math.min(...values, ...(zero ? [0] : [])), high = Math.max(...values, ...(zero ? [0] : []));
    const least = zero ? 1e-9 : span || Math.max(Math.abs(high), 1) * 0.05; // small changes look small
    if (high - low < least) {
      const middle = (low + high) / 2, below = low >= 0;
      low = middle - least / 2; high = middle + least / 2;
      if (below && low < 0) { low = 0; high = least; }
    }
    const power = 10 ** Math.floor(Math.log10((high - low) / most));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s * most >= (high - low) * (1 - 1e-9));
    const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9);
    const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
    return { low: ticks[0], high: ticks[ticks.length - 1], ticks };
  }

  function brief(value) {
    return new Intl.NumberFormat(language === "en" ? "en" : "vi-VN", { maximumSignificantDigits: 6, notation: Math.abs(value) >= 1e6 ? "compact" : "standard" }).format(value);
  }

  const unique = (values) => [...new Set(values)];

  function legend(place, series) {
    const list = element("ul", { class: "legend" });
    series.forEach((name, i) => list.append(element("li", { class: `series-${i % 6}` }, name)));
    if (series.length > 1) place.append(list);
  }

  function lines(place, rows) {
    const width = 720, height = 250, left = 64, right = 12, top = 10, bottom = 40;
    const periods = unique(rows.map((r) => r.period)), series = unique(rows.map((r) => r.series));
    const known = rows.filter((r) => r.value !== null);
    const scale = scaled(known.map((r) => r.value), 4, false, known.some((r) => r.kind === "percent") ? 3 : 0);
    const x = (p) => left + (width - left - right) * (periods.length > 1 ? periods.indexOf(p) / (periods.length - 1) : 0.5);
    const y = (v) => height - bottom - ((v - scale.low) / (scale.high - scale.low)) * (height - top - bottom);
    const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    scale.ticks.forEach((t) => picture.append(
      drawn("path", { class: "grid", d: `M${left} ${y(t)}H${width - right}` }), drawn("text", { x: left - 8, y: y(t) + 4, "text-anchor": "end" }, brief(t)),
    ));
    const every = Math.ceil(periods.length / 8);
    periods.forEach((p, i) => { if ((periods.length - 1 - i) % every === 0) picture.append(drawn("text", { x: x(p), y: height - 14, "text-anchor": "middle" }, p)); });
    series.forEach((name, i) => {
      const group = drawn("g", { class: `series-${i % 6}` });
      let path = "";
      rows.filter((r) => r.series === name).forEach((r) => { path += r.value === null ? " " : `${path === "" || path.endsWith(" ") ? "M" : "L"}${x(r.period)} ${y(r.value)}`; });
      group.append(drawn("path", { class: "line", d: path.trim() }));
      known.filter((r) => r.series === name).forEach((r) => {
        group.append(drawn("circle", { class: r.provisional ? "point hollow" : "point", cx: x(r.period), cy: y(r.value), r: 4.5 }, drawn("title", {}, `${r.period}, ${name}: ${r.value_text}`)));
        if (r.few) group.append(drawn("text", { x: x(r.period), y: y(r.value) - 9, "text-anchor": "middle" }, r.few));
      });
      picture.append(group);
    });
    legend(place, series);
    place.append(picture);
  }

  function bars(place, rows) {
    const series = unique([...rows].sort((a, b) => a.order_of_series - b.order_of_series).map((r) => r.series));
    const groups = unique([...rows].sort((a, b) => a.order - b.order).map((r) => r.group));
    const width = 720, left = 230, right = 60, thick = 14, gap = 10;
    const height = groups.length * (series.length * thick + gap) + 30;
    const scale = scaled(rows.map((r) => r.value), 4, true);
    const x = (v) => left + ((v - scale.low) / (scale.high - scale.low)) * (width - left - right);
    const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    scale.ticks.forEach((t) => picture.append(
      drawn("path", { class: "grid", d: `M${x(t)} 0V${height - 24}` }), drawn("text", { x: x(t), y: height - 6, "text-anchor": "middle" }, brief(t)),
    ));
    groups.forEach((name, g) => {
      const top = g * (series.length * thick + gap) + 4;
      const label = name.length > 34 ? `${name.slice(0, 33)}…` : name;
      picture.append(drawn("text", { x: left - 8, y: top + (series.length * thick) / 2 + 4, "text-anchor": "end" }, drawn("title", {}, name), label));
      rows.filter((r) => r.group === name).forEach((r) => {
        const i = series.indexOf(r.series), from = x(Math.min(r.value, 0)), to = x(Math.max(r.value, 0));
        picture.append(drawn("rect", { class: `bar series-${i % 6}`, x: from, y: top + i * thick, width: Math.max(to - from, 0.5), height: thick - 2 }, drawn("title", {}, `${name}, ${r.series}: ${r.value_text}`)));
        if (r.few) picture.append(drawn("text", { x: to + 4, y: top + i * thick + 11 }, r.few));
      });
    });
    legend(place, series);
    place.append(picture);
  }

  function histogram(place, rows) {
    const scale = scaled(rows.map((r) => r.value), 12, false), step = scale.ticks[1] - scale.ticks[0];
    const bins = scale.ticks.slice(0, -1).map((t, i) => {
      const inside = rows.filter((r) => r.value >= t && (r.value < t + step || i === scale.ticks.length - 2));
      return { t, few: inside.filter((r) => r.few).length, all: inside.length };
    });
    const width = 720, height = 200, left = 46, bottom = 30, counts = scaled(bins.map((b) => b.all), 3, true);
    const x = (v) => left + ((v - scale.low) / (scale.high - scale.low)) * (width - left - 20);
    const y = (n) => height - bottom - (n / counts.high) * (height - bottom - 10);
    const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    counts.ticks.forEach((t) => picture.append(drawn("path", { class: "grid", d: `M${left} ${y(t)}H${width - 20}` }), drawn("text", { x: left - 8, y: y(t) + 4, "text-anchor": "end" }, brief(t))));
    bins.forEach((b) => {
      const title = `${brief(b.t)}–${brief(b.t + step)}: ${brief(b.all)}`;
      picture.append(drawn("rect", { class: "bar series-0", x: x(b.t) + 1, y: y(b.all), width: x(b.t + step) - x(b.t) - 2, height: y(b.few) - y(b.all) }, drawn("title", {}, title)));
      picture.append(drawn("rect", { class: "bar pale", x: x(b.t) + 1, y: y(b.few), width: x(b.t + step) - x(b.t) - 2, height: y(0) - y(b.few) }, drawn("title", {}, title)));
    });
    scale.ticks.forEach((t, i) => { if (i % Math.ceil(scale.ticks.length / 8) === 0) picture.append(drawn("text", { x: x(t), y: height - 8, "text-anchor": "middle" }, brief(t))); });
    place.append(picture);
  }

  function matrix(place, rows) {
    const columns = unique([...rows].sort((a, b) => a.order_of_series - b.order_of_series).map((r) => r.series));
    const groups = unique([...rows].sort((a, b) => a.order - b.order).map((r) => r.group));
    const head = element("tr", {}, element("td"), ...columns.map((c) => element("th", { scope: "col" }, c)));
    const body = groups.map((g) => element("tr", {}, element("th", { scope: "row" }, g), ...columns.map((c) => {
      const row = rows.find((r) => r.group === g && r.series === c);
      const cell = element("td", row ? { style: `--share: ${(row.value / 100).toFixed(3)}`, class: row.value > 50 ? "deep" : "" } : {});
      cell.append(row ? row.value_text : "–");
      return cell;
    })));
    place.append(element("table", { class: "matrix", "aria-hidden": "true" }, element("thead", {}, head), element("tbody", {}, ...body)));
  }

  const CHARTS = { lines, bars, histogram, matrix };

  function draw(place, chart, rows) {
    place.textContent = "";
    place.classList.toggle("empty", !rows.length);
    if (rows.length) CHARTS[chart](place, rows);
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
    const called = view.fixed.basis === "official" ? area.official : area.name;
    return [heading, called[language === "en" ? 1 : 0], ...said].join(" · ");
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
          period: row.period, series, group, value, kind, few, value_text: write(value, kind) + few, provisional: ["provisional", "low_coverage"].includes(row.status),
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
        const wanted = folded(search.value.trim());
        rows = rows.filter((r) => folded(r[view.free[0]]).includes(wanted));
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
    const named = () => page.areas.forEach((a, i) => { areas.options[i].textContent = a.name[language === "en" ? 1 : 0]; });
    page.areas.forEach((a) => areas.append(element("option", { value: a.key }, "")));
    named();
    areas.value = page.areas.some((a) => a.key === wanted.area) ? wanted.area : page.areas[0].key;
    [areas, ...selects].forEach((s) => s.addEventListener("change", () => {
      page.filters.forEach((name, i) => { chosen[name] = selects[i].value || chosen[name]; });
      update();
    }));
    document.querySelectorAll("[data-view] input[type=search]").forEach((s) => s.addEventListener("input", update));
    update();
  }

  document.addEventListener("DOMContentLoaded", startChoosing);
})();
