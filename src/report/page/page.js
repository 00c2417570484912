"use strict";
// The tables of rows. Their data stand in the page as JSON, column by column. Only the rows of one
// page are ever in the document, and values become text nodes and nothing else.
(() => {
  // What can't be seen or told from a blank, or moves what is around it.
  const ODD = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{DI}\u2800]|(?! )\p{Zs}/u;
  const MARK = /^\p{M}$/u;
  // Texts that could be taken for no value.
  const WORDS = new Set(["NULL", "(empty)", "no row"]);
  const NUMBER = /^-?[0-9.]+$/;
  const LONG = 240;
  const number = new Intl.NumberFormat("en-US");

  // An element with attributes and children; children that are strings become text.
  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === false || value == null) continue;
      if (key === "class") element.className = value;
      else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  // --- values ---

  // A text with what can't be seen made visible: blanks at its ends, control and direction marks.
  // With `apart`, also marks that stand by themselves and belong to the letter before.
  function visible(text, edges, apart) {
    const out = document.createDocumentFragment();
    let plain = "";
    const flush = () => { if (plain) out.append(plain); plain = ""; };
    const mark = (label) => { flush(); out.append(make("span", { class: "odd" }, label)); };
    const [head, tail] = edges || [/^ */.exec(text)[0].length, / *$/.exec(text)[0].length];
    let at = 0;
    for (const character of text) {
      if (character === " " && (at < head || at >= text.length - tail || text[at - 1] === " " || text[at + 1] === " ")) mark("␣");
      else if (character === "\n") { mark("↵"); plain += "\n"; }
      else if (character === "\t") mark("⇥");
      else if (ODD.test(character) || apart && MARK.test(character)) mark("U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0"));
      else plain += character;
      at += character.length;
    }
    flush();
    return out;
  }

  const surrogate = (text, at) => at > 0 && at < text.length && /[\udc00-\udfff]/.test(text[at]);

  // How much two texts have in common at both ends, without tearing a character apart.
  function common(a, b) {
    const most = Math.min(a.length, b.length);
    let head = 0;
    while (head < most && a[head] === b[head]) head++;
    while (head > 0 && (surrogate(a, head) || surrogate(b, head) || /^\p{M}/u.test(a.slice(head, head + 2)) || /^\p{M}/u.test(b.slice(head, head + 2)))) head--;
    let tail = 0;
    // The last digits of numbers say nothing.
    if (NUMBER.test(a) && NUMBER.test(b)) return [head, 0];
    while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
    while (tail > 0 && (surrogate(a, a.length - tail) || surrogate(b, b.length - tail) || /^\p{M}/u.test(a.slice(-tail)))) tail--;
    return [head, tail];
  }

  const word = (text) => make("span", { class: "nothing" }, text);

  // A value as it is shown; beside `other`, with the part that differs marked.
  function shown(value, other, side, note) {
    if (value === null) return word("NULL");
    if (value === 0) return word("");
    if (value === "") return word("(empty)");
    if (note) {
      const box = make("span", null, shown(value, other, side), " ");
      box.append(word(`(${note})`));
      return box;
    }
    if (WORDS.has(value)) return make("span", { class: "value" }, `"${value}"`);
    const apart = value.normalize("NFC") !== value;
    const both = typeof other === "string" && other !== "" && other !== value;
    const [head, tail] = both ? common(value, other) : [0, 0];
    const whole = () => {
      const box = make("span", { class: "value", dir: "auto" });
      if (!both) { box.append(visible(value, null, apart)); return box; }
      const end = value.length - tail;
      box.append(visible(value.slice(0, head), [/^ */.exec(value)[0].length, 0], apart));
      if (end > head) {
        const middle = value.slice(head, end);
        const blank = /^ +$/.test(middle);
        box.append(make("mark", { class: side }, visible(middle, blank ? [middle.length, 0] : [0, tail ? 0 : / *$/.exec(middle)[0].length], apart)));
      }
      box.append(visible(value.slice(end), [0, / *$/.exec(value)[0].length], apart));
      return box;
    };
    if (value.length <= LONG) return whole();
    // Long values are cut around what differs, and shown whole on demand.
    let from = Math.max(0, Math.min(head - LONG / 4, value.length - LONG));
    if (surrogate(value, from)) from--;
    let to = Math.min(value.length, from + LONG);
    if (surrogate(value, to)) to++;
    const box = make("span");
    const cut = make("span", { class: "value", dir: "auto" });
    const part = (a, b) => visible(value.slice(a, b), [0, 0], apart);
    const [start, end] = [Math.min(Math.max(head, from), to), Math.max(from, Math.min(value.length - tail, to))];
    cut.append(from > 0 ? "…" : "", part(from, both ? start : to));
    if (both) {
      if (end > start) cut.append(make("mark", { class: side }, part(start, end)));
      cut.append(part(Math.max(start, end), to));
    }
    cut.append(to < value.length ? "…" : "");
    const more = make("button", { type: "button", class: "small", onclick: () => box.replaceChildren(whole()) },
      `all ${number.format(value.length)} characters`);
    box.append(cut, " ", more);
    return box;
  }

  // The list of what changes in a row: name, then one value per version.
  function changes(column, list, row) {
    const step = column.heads.length + 1;
    const items = [];
    // A row that comes or goes has one value a column; those take less room.
    const flow = column.heads.length === 2 && list.every((value, at) => at % step !== 1 || value === 0 || list[at + 1] === 0);
    const MOST = flow ? 12 : 6;
    const item = (at) => {
      const entry = make("li", null, make("span", { class: "name" }, column.names[list[at]]));
      const values = list.slice(at + 1, at + step);
      const note = (which) => column.notes && column.notes[`${row}.${at + 1 + which}`];
      if (column.heads.length === 2) {
        const [before, after] = values;
        if (before !== 0) entry.append(shown(before, after === 0 ? null : after, "l", note(0)));
        if (before !== 0 && after !== 0) entry.append(make("span", { class: "to" }, make("span", { "aria-hidden": "true" }, "→"), make("span", { class: "unseen" }, " becomes ")));
        if (after !== 0) entry.append(shown(after, before === 0 ? null : before, "r", note(1)));
      } else {
        column.heads.forEach((head, which) => {
          entry.append(make("span", { class: "to" }, which ? " · " + head + " " : head + " "));
          entry.append(values[which] === 0 ? word("no row") : shown(values[which], which < 2 ? values[1 - which] : null, "lr"[which] || "l", note(which)));
        });
      }
      return entry;
    };
    for (let at = 0; at < list.length; at += step) items.push(at);
    const box = make("ul", { class: flow ? "changes flow" : "changes" });
    const first = items.length > MOST + 1 ? items.slice(0, MOST) : items;
    box.append(...first.map(item));
    if (first.length < items.length) {
      const more = make("li", null, make("button", { type: "button", class: "small",
        onclick: () => more.replaceWith(...items.slice(MOST).map(item)) }, `and ${items.length - MOST} more`));
      box.append(more);
    }
    return box;
  }

  // --- a table ---

  class Rows {
    constructor(host) {
      this.host = host;
      this.data = JSON.parse(document.getElementById("data-" + host.dataset.rows).textContent);
      this.columns = this.data.columns;
      for (const column of this.columns) {
        if (column.at) column.values = column.at.map((at) => column.of[at]);
      }
      this.count = this.data.rows;
      this.original = Uint32Array.from({ length: this.count }, (_, row) => row);
      this.order = this.original;
      this.view = this.order;
      this.sorted = null;
      this.page = 0;
      this.size = 25;
      this.filters = new Map();
      this.query = "";
      this.build();
      this.draw();
    }

    // The text that a search looks through, made when it is first needed.
    haystack() {
      if (!this.texts) {
        this.texts = new Array(this.count);
        const parts = [];
        for (let row = 0; row < this.count; row++) {
          parts.length = 0;
          for (const column of this.columns) {
            const value = column.values[row];
            if (typeof value === "string") parts.push(value);
            else if (value === null) parts.push("NULL");
            else if (Array.isArray(value)) {
              const step = column.heads.length + 1;
              value.forEach((one, at) => {
                if (at % step === 0) parts.push(column.names[one]);
                else if (typeof one === "string") parts.push(one);
              });
            }
          }
          this.texts[row] = parts.join("\u0001").toLowerCase();
        }
      }
      return this.texts;
    }

    select() {
      const started = performance.now();
      const query = this.query.trim().toLowerCase();
      const texts = query ? this.haystack() : null;
      const tests = [...this.filters].map(([column, wanted]) => {
        const { values, heads } = this.columns[column];
        if (!heads) return (row) => values[row] === wanted;
        const step = heads.length + 1;
        return (row) => {
          for (let at = 0; at < values[row].length; at += step) if (values[row][at] === wanted) return true;
          return false;
        };
      });
      this.view = query || tests.length
        ? this.order.filter((row) => (!texts || texts[row].includes(query)) && tests.every((test) => test(row)))
        : this.order;
      this.page = 0;
      this.host.dataset.took = String(performance.now() - started);
      this.draw();
    }

    sort(at) {
      const started = performance.now();
      const down = this.sorted && this.sorted.at === at ? (this.sorted.down ? null : true) : false;
      this.sorted = down === null ? null : { at, down };
      this.order = this.sorted ? this.arrange(this.columns[at], down) : this.original;
      this.heads.forEach((head, other) => {
        const own = this.sorted && other === at;
        if (own) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
        head.querySelector(".arrow").textContent = own ? (down ? "▼" : "▲") : "";
      });
      this.select();
      this.host.dataset.took = String(performance.now() - started);
    }

    // Rows in the order of a column; what is no value comes last either way.
    arrange(column, down) {
      const { values } = column;
      const sign = down ? -1 : 1;
      const some = [], none = [];
      for (let row = 0; row < this.count; row++) (typeof values[row] === "string" ? some : none).push(row);
      const byText = (a, b) => (values[a] < values[b] ? -sign : values[a] > values[b] ? sign : a - b);
      const numbers = column.kind === "number" || (column.kind === "left" || column.kind === "right") && some.every((row) => values[row].trim() !== "" && !Number.isNaN(Number(values[row])));
      if (numbers) {
        const keys = new Float64Array(this.count);
        for (const row of some) keys[row] = Number(values[row]);
        some.sort((a, b) => {
          const apart = keys[a] - keys[b];
          // What is no number (or beyond a number's digits) is ordered as text.
          return apart < 0 ? -sign : apart > 0 ? sign : byText(a, b);
        });
      } else {
        some.sort(byText);
      }
      return Uint32Array.from(some.concat(none));
    }

    build() {
      const { id, title, filters } = this.data;
      const search = make("input", { type: "search", id: `search-${id}`, autocomplete: "off", spellcheck: "false" });
      let waiting = 0;
      search.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => { this.query = search.value; this.select(); }, 120);
      });
      const tools = make("div", { class: "tools", role: "search", "aria-label": `Search and filter: ${title}` },
        make("label", null, "Search in all columns", search));
      for (const filter of filters) tools.append(this.filter(filter));

      this.heads = this.columns.map((column, at) => make("th", { scope: "col", class: kind(column) },
        column.heads
          ? make("span", { class: "unsorted" }, column.name, make("span", { class: "arrow" }))
          : make("button", { type: "button", onclick: () => this.sort(at) }, column.name,
            make("span", { class: "arrow", "aria-hidden": "true" }))));
      this.body = make("tbody");
      this.status = make("span", { role: "status" });
      this.box = make("div", { class: "rows", role: "region", tabindex: "0", "aria-label": `${title}: rows` },
        make("table", null, make("caption", { class: "unseen" }, `${title}. Column headings are buttons that sort.`),
          make("thead", null, make("tr", null, ...this.heads)), this.body));

      const button = (text, label, to) => make("button", { type: "button", "aria-label": label, onclick: () => { this.page = to(); this.draw(); } }, text);
      this.back = [button("«", "First page", () => 0), button("‹ Previous", "Previous page", () => this.page - 1)];
      this.on = [button("Next ›", "Next page", () => this.page + 1), button("»", "Last page", () => this.pages() - 1)];
      this.field = make("input", { class: "page", inputmode: "numeric", "aria-label": "Page" });
      this.field.addEventListener("change", () => {
        const wanted = Math.trunc(Number(this.field.value.replace(/[^0-9]/g, ""))) || 1;
        this.page = Math.min(Math.max(wanted, 1), this.pages()) - 1;
        this.draw();
      });
      this.total = make("span");
      const sizes = make("select", null, ...[10, 25, 50, 100, 250].map((size) => make("option", { value: size, selected: size === this.size }, String(size))));
      sizes.addEventListener("change", () => { this.size = Number(sizes.value); this.page = 0; this.draw(); });
      this.turn = make("span", { class: "pages" }, ...this.back, make("label", null, "Page ", this.field), this.total, ...this.on);
      this.sizes = make("label", null, "Rows a page", sizes);
      this.pager = make("div", { class: "pager" }, this.status, make("span", { class: "grow" }), this.turn, this.sizes);
      this.host.replaceChildren(tools, this.box, this.pager);
    }

    filter({ column: at, label }) {
      const column = this.columns[at];
      const counts = new Map();
      for (const value of column.values) {
        if (column.heads) {
          for (let i = 0; i < value.length; i += column.heads.length + 1) counts.set(value[i], (counts.get(value[i]) || 0) + 1);
        } else counts.set(value, (counts.get(value) || 0) + 1);
      }
      const options = [...counts].sort((a, b) => b[1] - a[1]);
      const select = make("select", { id: `filter-${this.data.id}-${at}` }, make("option", { value: "" }, "all"));
      options.forEach(([value, count], i) => {
        const name = column.heads ? column.names[value] : value === null ? "NULL" : String(value);
        select.append(make("option", { value: i }, `${name} (${number.format(count)})`));
      });
      select.addEventListener("change", () => {
        if (select.value === "") this.filters.delete(at);
        else this.filters.set(at, options[Number(select.value)][0]);
        this.select();
      });
      return make("label", { class: "half" }, label, select);
    }

    pages() {
      return Math.max(1, Math.ceil(this.view.length / this.size));
    }

    draw() {
      const from = this.page * this.size;
      const rows = this.view.subarray(from, from + this.size);
      this.body.replaceChildren(...Array.from(rows, (row) => this.row(row)));
      if (!rows.length) {
        this.body.append(make("tr", null, make("td", { colspan: this.columns.length }, word("Nothing is like that."))));
      }
      const { one, many } = this.data;
      const found = this.view.length;
      const range = found > this.size ? `${number.format(from + 1)}–${number.format(from + rows.length)} of ` : "";
      const of = found < this.count ? ` (of ${number.format(this.count)})` : "";
      this.status.textContent = `${range}${number.format(found)} ${found === 1 ? one : many}${of}`;
      this.field.value = number.format(this.page + 1);
      this.total.textContent = `of ${number.format(this.pages())}`;
      this.turn.hidden = this.pages() === 1;
      this.sizes.hidden = this.count <= 10;
      this.back.forEach((button) => { button.disabled = this.page === 0; });
      this.on.forEach((button) => { button.disabled = this.page >= this.pages() - 1; });
    }

    row(row) {
      return make("tr", null, ...this.columns.map((column) => {
        const value = column.values[row];
        if (column.heads) return make("td", null, changes(column, value, row));
        const other = column.beside === undefined ? undefined : this.columns[column.beside].values[row];
        return make("td", { class: kind(column) }, shown(value, other, column.kind === "left" ? "l" : "r", column.notes && column.notes[row]));
      }));
    }
  }

  function kind(column) {
    const classes = [];
    if (column.kind === "number") classes.push("n");
    if (column.kind === "word") classes.push("word");
    if (column.key) classes.push("key");
    return classes.join(" ") || null;
  }

  // --- the page ---

  for (const host of document.querySelectorAll("[data-rows]")) new Rows(host);

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      const before = button.textContent;
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "selected";
      }
      setTimeout(() => { button.textContent = before; }, 1500);
    });
  }

  // What is folded up belongs on paper.
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details:not([open])")) { folded.open = true; folded.dataset.folded = ""; }
  });
  addEventListener("afterprint", () => {
    for (const folded of document.querySelectorAll("details[data-folded]")) { folded.open = false; delete folded.dataset.folded; }
  });

  if (location.hash.length > 1) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  document.documentElement.dataset.ready = "";
})();
