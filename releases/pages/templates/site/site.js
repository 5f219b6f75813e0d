/* What every page does: it finds, sorts, and keeps what was chosen when the language changes. */
"use strict";

window.labourdb = {
  words: {}, stored: {},
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
  const language = document.documentElement.lang;
  const byId = (id) => document.getElementById(id);

  // ---- search: without marks, đ as d, every word typed is found somewhere in an entry -------------------------------

  const MOST = 12;
  const folded = (text) => text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/[\u0300-\u036f]/g, "");

  function startSearch() {
    const typed = byId("search"), list = byId("found");
    if (!typed) return;
    let entries = null, chosen = -1;
    site.found = (loaded) => { entries = loaded; show(); };
    function load() {
      if (entries) return;
      entries = [];
      const script = document.createElement("script");
      script.src = `../assets/search-${language}.js`;
      document.head.append(script);
    }
    function ranked(words) {
      const all = entries.filter((e) => words.every((w) => e[3].includes(w)));
      const rank = (e) => (folded(e[0]).startsWith(words[0]) ? 0 : e[3].split(" ").some((t) => t === words[0]) ? 1 : 2);
      return all.map((e, i) => [rank(e), i, e]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((r) => r[2]);
    }
    function show() {
      const words = folded(typed.value).split(/\s+/).filter(Boolean);
      list.textContent = "";
      chosen = -1;
      const found = words.length && entries ? ranked(words).slice(0, MOST) : [];
      found.forEach((e, i) => {
        const line = document.createElement("li");
        line.setAttribute("role", "option");
        line.id = `found-${i}`;
        const link = document.createElement("a");
        link.href = e[2];
        link.tabIndex = -1;
        link.append(e[0]);
        const kind = document.createElement("small");
        kind.append(e[1]);
        line.append(link, " ", kind);
        list.append(line);
      });
      if (words.length && entries && entries.length && !found.length) {
        const line = document.createElement("li");
        line.setAttribute("role", "option");
        line.setAttribute("aria-disabled", "true");
        line.append(language === "en" ? "Nothing found" : "Không tìm thấy");
        list.append(line);
      }
      list.hidden = !list.children.length;
      typed.setAttribute("aria-expanded", String(!list.hidden));
      typed.removeAttribute("aria-activedescendant");
    }
    function mark(step) {
      const links = list.querySelectorAll("a");
      if (!links.length) return;
      chosen = (chosen + step + links.length) % links.length;
      list.querySelectorAll("li").forEach((l, i) => l.setAttribute("aria-selected", String(i === chosen)));
      typed.setAttribute("aria-activedescendant", `found-${chosen}`);
    }
    typed.addEventListener("focus", load);
    typed.addEventListener("input", () => { load(); show(); });
    typed.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); mark(event.key === "ArrowDown" ? 1 : -1); }
      if (event.key === "Escape") { list.hidden = true; typed.setAttribute("aria-expanded", "false"); }
    });
    typed.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const link = list.querySelectorAll("a")[Math.max(chosen, 0)];
      if (link) location.href = link.href;
    });
    document.addEventListener("click", (event) => { if (!typed.form.contains(event.target)) list.hidden = true; });
  }

  // ---- tables that sort by any column ---------------------------------------------------------------------------------

  function startSorting() {
    document.querySelectorAll("table.sortable").forEach((table) => {
      const body = table.tBodies[0];
      let place = 0;
      [...table.tHead.rows[0].cells].forEach((head) => {
        const column = place + head.colSpan - 1;
        place += head.colSpan;
        const button = document.createElement("button");
        button.type = "button";
        button.append(...head.childNodes);
        head.append(button);
        button.addEventListener("click", () => {
          const down = head.getAttribute("aria-sort") !== "descending";
          table.querySelectorAll("[aria-sort]").forEach((h) => h.removeAttribute("aria-sort"));
          head.setAttribute("aria-sort", down ? "descending" : "ascending");
          const key = (row) => {
            const cell = row.cells[column];
            return cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value === "" ? null : Number(cell.dataset.value);
          };
          const compared = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), language));
          [...body.rows].map((row) => [key(row), row]).sort(([a], [b]) => {
            if (a === null || b === null) return (a === null) - (b === null); // what is not known stays last
            return down ? -compared(a, b) : compared(a, b);
          }).forEach(([, row]) => body.append(row));
        });
      });
    });
  }

  // ---- what was chosen goes along to the other language -----------------------------------------------------------------

  function startKeeping() {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-keeps]");
      if (link) link.hash = location.hash;
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    startSearch();
    startSorting();
    startKeeping();
    document.body.classList.add("scripted");
  });
})();
