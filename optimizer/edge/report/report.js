/* The page's script: draws the charts, moves the budget, lists the persons and explains one. It writes text, never markup. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };
  const PAGE = 25;
  const PAPER = 660;
  const NARROW = 480;

  const element = (id) => document.getElementById(id);
  const say = (key, filled) => data.words[key].replace(/\{(\w+)\}/g, (_, name) => filled[name]);
  const whole = (number) => Math.round(number).toLocaleString("en-US");
  const money = (number) => data.money.replace("{}", whole(number));
  const four = (number) => (Object.is(Math.round(number * 1e4), -0) ? 0 : number).toFixed(4);
  const signed = (number) => (number >= 0 ? "+" : "−") + Math.abs(number).toFixed(4);

  /* A gain is told to three figures, and a difference that drowns in single precision is none. */
  const three = (number) => {
    if (Math.abs(number) < 1e-6) return "0";
    return Number(number.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });
  };

  /* Money is long to write: a narrow chart has room for few of its ticks. */
  function fitted(id, layout) {
    if (element(id).clientWidth < NARROW) layout.xaxis.nticks = 4;
    return layout;
  }

  function numbers(text, Kind) {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let place = 0; place < binary.length; place += 1) bytes[place] = binary.charCodeAt(place);
    return new Kind(bytes.buffer);
  }

  function cell(row, text, kind) {
    const made = document.createElement("td");
    made.textContent = text;
    if (kind) made.className = kind;
    row.append(made);
    return made;
  }

  function budgets() {
    const budget = data.budget;
    if (!budget) return;
    const slider = element("budget-slider");
    Plotly.newPlot("budget-chart", budget.figure.data, fitted("budget-chart", budget.figure.layout), config);
    const move = () => {
      const at = Number(slider.value);
      const [figure, value, uplift, spent, recipients, gap] = budget.said[at];
      const more = budget.uplift[at] - budget.own;
      const key = at === budget.mine && Math.abs(more) < 0.005 ? "same" : more >= 0 ? "more" : "less";
      const filled = { budget: figure, outcome: data.outcome, value, gap };
      element("budget-figure").textContent = figure;
      element("budget-uplift").textContent = uplift;
      element("budget-more").textContent = say("budget." + key, { uplift: Math.abs(more).toFixed(2) });
      element("budget-spent").textContent = spent;
      element("budget-recipients").textContent = recipients;
      element("budget-said").textContent = say("budget.value", filled);
      slider.setAttribute("aria-valuetext", figure);
      Plotly.restyle("budget-chart", { x: [[budget.budget[at]]], y: [[budget.uplift[at]]] }, [2]);
    };
    slider.addEventListener("input", move);
    move();
  }

  function amounts() {
    const who = data.who;
    Plotly.newPlot("who-chart", who.figure.data, fitted("who-chart", who.figure.layout), config);
    const select = element("who-group");
    const body = element("who-table").tBodies[0];
    const show = () => {
      const counts = who.counts[select.selectedIndex];
      Plotly.restyle("who-chart", { y: [counts] }, [0]);
      body.replaceChildren();
      who.amounts.forEach((amount, place) => {
        if (!counts[place]) return;
        const row = body.insertRow();
        cell(row, money(amount));
        cell(row, whole(counts[place]));
      });
    };
    who.names.forEach((name) => select.append(new Option(name)));
    element("who-controls").hidden = who.names.length < 2;
    select.addEventListener("change", show);
    show();
  }

  function unpacked() {
    const packed = data.people;
    const people = {
      id: packed.id,
      size: packed.id.length,
      points: packed.grid.length,
      grid: packed.grid,
      chosen: numbers(packed.chosen, Uint16Array),
      without: numbers(packed.without, Float32Array),
      with: numbers(packed.with, Float32Array),
      segment: numbers(packed.segment, Uint8Array),
      beyond: numbers(packed.beyond, Uint8Array),
      low: numbers(packed.low, Float32Array),
      span: numbers(packed.span, Float32Array),
      curve: numbers(packed.curve, Uint16Array),
      near: numbers(packed.near, Uint16Array),
      nearValue: numbers(packed.nearValue, Float32Array),
      barred: packed.barred ? numbers(packed.barred, Uint8Array) : null,
      named: Object.entries(packed.named).map(([column, one]) => ({
        column,
        values: one.values,
        codes: numbers(one.codes, Uint16Array),
      })),
    };
    if (packed.cost) {
      people.costLow = numbers(packed.costLow, Float32Array);
      people.costSpan = numbers(packed.costSpan, Float32Array);
      people.cost = numbers(packed.cost, Uint16Array);
      people.costRow = numbers(packed.costRow, Uint16Array);
      people.nearCost = numbers(packed.nearCost, Float32Array);
    }
    people.uplift = people.with.map((value, who) => value - people.without[who]);
    people.text = people.id.map((id, who) =>
      [id, ...people.named.map((one) => one.values[one.codes[who]])].join("\n").toLowerCase(),
    );
    return people;
  }

  /* The kept points of a person's curve, and of what each award must reach; those that explain the choice exactly. */
  function points(people, who) {
    const found = new Map();
    const { points: size } = people;
    people.grid.forEach((option, place) => {
      const barred = people.barred && (people.barred[who * Math.ceil(size / 8) + (place >> 3)] >> (place & 7)) & 1;
      const row = people.cost ? people.costRow[who] : 0;
      found.set(option, {
        value: people.low[who] + (people.span[who] * people.curve[who * size + place]) / 65535,
        cost: people.cost ? people.costLow[row] + (people.costSpan[row] * people.cost[row * size + place]) / 65535 : null,
        barred: Boolean(barred),
      });
    });
    for (let place = 0; place < 4; place += 1) {
      const at = who * 4 + place;
      const known = found.get(people.near[at]);
      found.set(people.near[at], {
        value: people.nearValue[at],
        cost: people.cost ? people.nearCost[at] : null,
        barred: known ? known.barred : false,
      });
    }
    return [...found.entries()].sort(([one], [other]) => one - other).map(([option, point]) => ({ option, ...point }));
  }

  function draw(people, who) {
    const figure = data.curve;
    const line = points(people, who);
    const chosen = line.find((point) => point.option === people.chosen[who]);
    const amount = (point) => data.amounts[point.option];
    const awards = people.cost ? line.filter((point) => point.option > 0) : [];
    const barred = line.filter((point) => point.barred);
    const needed = (point) => chosen.value + point.cost - chosen.cost;
    const [curve, price, mark, cross] = figure.data;
    Object.assign(curve, { x: line.map(amount), y: line.map((point) => point.value) });
    Object.assign(price, { x: awards.map(amount), y: awards.map(needed), visible: awards.length > 0 });
    Object.assign(mark, { x: [amount(chosen)], y: [chosen.value] });
    Object.assign(cross, { x: barred.map(amount), y: barred.map((point) => point.value), visible: barred.length > 0 });
    /* The person's own curve sets the scale: an award that is far from its price must not flatten it. */
    const values = curve.y.concat(price.y.filter((value) => value <= 1.5 * Math.max(...curve.y) + 0.05));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = Math.max(0.08 * (high - low), 0.005);
    figure.layout.yaxis.range = [low - room, high + room];
    Plotly.react("person-chart", figure.data, fitted("person-chart", figure.layout), config);
  }

  function sentences(people, who) {
    const [below, above, best, chosen] = [0, 1, 2, 3].map((place) => {
      const at = who * 4 + place;
      return { option: people.near[at], value: people.nearValue[at], cost: people.cost ? people.nearCost[at] : null };
    });
    const amount = (point) => data.amounts[point.option];
    const step = (key, from, to) =>
      say(key, { money: money(amount(to) - amount(from)), gain: three(to.value - from.value), price: three(to.cost - from.cost) });
    const [base] = points(people, who);
    const filled = {
      id: people.id[who],
      outcome: data.outcome,
      amount: money(amount(chosen)),
      without: four(people.without[who]),
      with: four(chosen.value),
    };
    const said = [say(chosen.option ? "person.award" : "person.nothing", filled)];
    if (chosen.option && people.beyond[who]) said.push(say("person.beyond", {}));
    if (below.option === chosen.option && above.option === chosen.option) said.push(say("person.stuck", {}));
    if (!people.cost) return said;
    if (chosen.option) said.push(step("person.whole", base, chosen));
    if (below.option && below.option < chosen.option) said.push(step("person.last", below, chosen));
    if (chosen.option && above.option > chosen.option) said.push(step("person.next", chosen, above));
    if (!chosen.option && best.option) said.push(step("person.best", chosen, best));
    return said;
  }

  function listed() {
    const people = unpacked();
    const table = element("people-table");
    const body = table.tBodies[0];
    const heads = [...table.tHead.querySelectorAll("button")];
    const search = element("people-search");
    const only = element("people-only");
    const collator = new Intl.Collator(data.lang, { numeric: true });
    const withSegments = heads.some((head) => head.dataset.by === "segment");
    const first = people.chosen.findIndex((option) => option > 0);
    const state = { order: Array.from({ length: people.size }, (_, who) => who), found: [], page: 0, chosen: Math.max(first, 0) };

    const comparison = (head) => {
      const { by, column } = head.dataset;
      if (by === "id") return (one, other) => collator.compare(people.id[one], people.id[other]);
      if (by !== "named") return (one, other) => people[by][one] - people[by][other];
      const { values, codes } = people.named.find((one) => one.column === column);
      return (one, other) => collator.compare(values[codes[one]], values[codes[other]]);
    };

    const explain = (who) => {
      state.chosen = who;
      element("person-id").textContent = people.id[who];
      element("person-said").replaceChildren(
        ...sentences(people, who).map((sentence) => {
          const paragraph = document.createElement("p");
          paragraph.textContent = sentence;
          return paragraph;
        }),
      );
      draw(people, who);
    };

    const show = () => {
      const start = state.page * PAGE;
      body.replaceChildren();
      state.found.slice(start, start + PAGE).forEach((who) => {
        const row = body.insertRow();
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = people.id[who];
        button.setAttribute("aria-label", say("people.why", { id: people.id[who] }));
        button.addEventListener("click", () => {
          explain(who);
          body.querySelectorAll("tr[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
          row.setAttribute("aria-current", "true");
          element("person").focus({ preventScroll: true });
          element("person").scrollIntoView({ block: "nearest" });
        });
        cell(row, "").append(button);
        people.named.forEach((one) => cell(row, one.values[one.codes[who]], "text"));
        const amount = data.amounts[people.chosen[who]];
        const beyond = amount && people.beyond[who] ? ` (${say("people.beyond", {})})` : "";
        cell(row, amount ? money(amount) + beyond : say("amount.none", {}));
        cell(row, four(people.without[who]));
        cell(row, four(people.with[who]));
        cell(row, amount ? signed(people.uplift[who]) : "");
        if (withSegments) cell(row, data.segments[people.segment[who]], "text");
        if (who === state.chosen) row.setAttribute("aria-current", "true");
      });
      const end = Math.min(start + PAGE, state.found.length);
      const filled = { from: whole(start + 1), to: whole(end), n: whole(state.found.length) };
      element("people-range").textContent = say(state.found.length ? "people.page" : "people.none", filled);
      element("people-previous").disabled = state.page === 0;
      element("people-next").disabled = end >= state.found.length;
    };

    const find = () => {
      const wanted = search.value.trim().toLowerCase();
      state.found = state.order.filter((who) => (!only.checked || people.chosen[who] > 0) && people.text[who].includes(wanted));
      state.page = 0;
      show();
    };

    const sort = (head) => {
      const column = head.closest("th");
      const ascending = column.getAttribute("aria-sort") === "descending" || (column.getAttribute("aria-sort") === "none" && ["id", "named", "segment"].includes(head.dataset.by));
      heads.forEach((other) => other.closest("th").setAttribute("aria-sort", "none"));
      column.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const compare = comparison(head);
      state.order.sort((one, other) => (ascending ? compare(one, other) : compare(other, one)) || one - other);
      find();
    };

    heads.forEach((head) => head.addEventListener("click", () => sort(head)));
    search.addEventListener("input", find);
    only.addEventListener("change", find);
    element("people-form").addEventListener("submit", (event) => event.preventDefault());
    element("people-previous").addEventListener("click", () => { state.page -= 1; show(); });
    element("people-next").addEventListener("click", () => { state.page += 1; show(); });
    explain(state.chosen);
    find();
  }

  /* A chart has the width of the screen until it is told that of the paper. */
  function printable() {
    const charts = () => [...document.querySelectorAll(".chart.js-plotly-plot")];
    window.addEventListener("beforeprint", () => charts().forEach((chart) => Plotly.relayout(chart, { width: PAPER })));
    window.addEventListener("afterprint", () => charts().forEach((chart) => Plotly.relayout(chart, { width: null, autosize: true })));
  }

  budgets();
  amounts();
  listed();
  printable();
})();
