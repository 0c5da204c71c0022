"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const body = document.getElementById("rows");
  const form = document.getElementById("filters");
  const search = document.getElementById("search");
  const lines = [...body.querySelectorAll("tr[data-row]")];
  const rowOf = (line) => data.rows[Number(line.dataset.row)];
  const LEVELS = { High: 0, Medium: 1, Low: 2 };
  const SERIES = { usage: "usage", tickets: "tickets", messages: "messages", health: "health" };

  const make = (name, text, className) => {
    const node = document.createElement(name);
    if (text !== undefined && text !== null) node.textContent = String(text);
    if (className) node.className = className;
    return node;
  };
  // Halves are rounded up, as in the list: of 1000 p, for 100 p may lie below its half.
  const percent = (p) => (p === null ? "" : `${(Math.round(Number((1000 * p).toFixed(6))) / 10).toFixed(1)}%`);
  const money = (x) => (x === null ? "unknown" : Math.round(x).toLocaleString("en-US"));
  const nameOf = (row) => row.account_name || row.account_id;
  const times = new Map();
  for (const row of data.rows) times.set(nameOf(row), (times.get(nameOf(row)) || 0) + 1);
  // Two accounts of one name are told apart by their ids.
  const toldApart = (row) => (times.get(nameOf(row)) > 1 ? `${nameOf(row)} (${row.account_id})` : nameOf(row));
  // A score by the rules alone is no probability, and speaks of no days ahead.
  const saidOf = (row) => {
    const said = percent(row.escalation_probability);
    return data.calibrated ? `${said} within ${row.horizon_days} days` : `score ${said}`;
  };
  const reasonsOf = (row) => [row.reason_1, row.reason_2, row.reason_3].filter(Boolean);
  const rulesOf = (row) => (row.rules_fired ? row.rules_fired.split(";") : []);

  // What a search looks through, lower case, made once.
  const haystack = data.rows.map((row) =>
    [nameOf(row), row.account_id, row.csm, row.segment, row.likely_cause, row.rules_fired,
      row.recommended_action, ...reasonsOf(row)].filter(Boolean).join(" ").toLowerCase());

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = [...form.querySelectorAll("select")].filter((s) => s.value)
      .map((s) => [s.dataset.filter, s.value]);
    let shown = 0;
    for (const line of lines) {
      const row = rowOf(line);
      const hay = haystack[Number(line.dataset.row)];
      const keep = words.every((word) => hay.includes(word)) &&
        wanted.every(([name, value]) => String(row[name]) === value);
      line.hidden = !keep;
      if (keep) shown += 1;
      const detail = line.nextElementSibling;
      if (detail && detail.classList.contains("detail")) detail.hidden = !keep;
    }
    document.getElementById("count").textContent =
      shown === lines.length ? `${shown} accounts` : `${shown} of ${lines.length} accounts`;
    document.getElementById("none").hidden = shown > 0;
  }

  function sort(button) {
    const key = button.dataset.sort;
    const head = button.closest("th");
    const rising = head.getAttribute("aria-sort") !== "ascending";
    for (const other of document.querySelectorAll("#list th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const value = (line) => {
      const row = rowOf(line);
      if (key === "account_name") return nameOf(row).toLowerCase();
      if (key === "risk_level") return LEVELS[row.risk_level];
      return row[key];
    };
    const empty = (x) => x === null || x === undefined;
    lines.sort((a, b) => {
      const x = value(a), y = value(b);
      if (empty(x) || empty(y)) return empty(x) - empty(y) || rowOf(a).rank - rowOf(b).rank;
      const order = x < y ? -1 : x > y ? 1 : 0;
      return (rising ? order : -order) || rowOf(a).rank - rowOf(b).rank;
    });
    for (const line of lines) {
      const detail = line.nextElementSibling;
      const open = detail && detail.classList.contains("detail") ? detail : null;
      body.append(line);
      if (open) body.append(open);
    }
  }

  function spark(name, values) {
    const known = values.filter((v) => v !== null);
    const most = Math.max(...known, 1), least = name === "health" ? Math.min(...known) : 0;
    const span = most - least || 1;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${values.length} 30`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    const last = known[known.length - 1];
    svg.setAttribute("aria-label",
      `${SERIES[name]} by week for ${values.length} weeks: highest ${Math.max(...known)}, last ${last}`);
    const y = (v) => 29 - (28 * (v - least)) / span;
    if (name === "usage" || name === "health") {
      const line = document.createElementNS(svg.namespaceURI, "polyline");
      line.setAttribute("points", values.map((v, i) => (v === null ? "" : `${i + 0.5},${y(v).toFixed(1)}`))
        .filter(Boolean).join(" "));
      svg.append(line);
    } else {
      values.forEach((v, i) => {
        if (!v) return;
        const bar = document.createElementNS(svg.namespaceURI, "rect");
        bar.setAttribute("x", String(i + 0.15));
        bar.setAttribute("width", "0.7");
        bar.setAttribute("y", y(v).toFixed(1));
        bar.setAttribute("height", (29 - y(v)).toFixed(1));
        svg.append(bar);
      });
    }
    const box = make("div", null, "spark");
    box.append(make("span", SERIES[name]), svg, make("span", last));
    return box;
  }

  function briefOf(row) {
    const lines_ = [
      `${nameOf(row)} (${row.account_id}), ${row.risk_level} risk, ${saidOf(row)} as of ${row.as_of}`,
      `ARR ${money(row.arr)}, renewal ${row.renewal_date || "unknown"}, CSM ${row.csm || "none"}`,
      ...reasonsOf(row).map((reason) => `- ${reason}`),
      `First step: ${row.recommended_action}`,
      `If it escalated: ${row.suggested_severity}, tier ${row.escalation_tier}, ${row.owner_role};` +
        ` acknowledge by ${row.acknowledge_by}, update every ${row.update_every_hours} h, sponsor: ${row.executive_sponsor}`,
    ];
    if (row.waiting_on !== "nobody") lines_.push(`Waiting on: ${row.waiting_on}`);
    return lines_.join("\n");
  }

  function card(title, ...nodes) {
    const box = make("div");
    box.append(make("h3", title), ...nodes);
    return box;
  }

  function facts(pairs) {
    const list = make("dl", null, "facts");
    for (const [label, value] of pairs) {
      if (value === null || value === undefined || value === "") continue;
      list.append(make("dt", label), make("dd", value));
    }
    return list;
  }

  function detailOf(row) {
    const cell = make("td");
    cell.colSpan = 9;
    const cards = make("div", null, "cards");
    const reasons = make("ol");
    for (const reason of reasonsOf(row)) reasons.append(make("li", reason));
    const rules = make("ul", null, "rules");
    for (const rule of rulesOf(row)) rules.append(make("li", rule));
    cards.append(card("Because", reasons), card("Rules that fired", rulesOf(row).length ? rules : make("p", "none")));
    cards.append(card("If it escalated today", facts([
      ["severity", row.suggested_severity], ["tier", row.escalation_tier], ["owner", row.owner_role],
      ["acknowledge by", row.acknowledge_by], ["updates every", `${row.update_every_hours} h`],
      ["sponsor", row.executive_sponsor], ["likely cause", row.likely_cause],
    ])));
    cards.append(card("The account", facts([
      ["id", row.account_id], ["segment", row.segment], ["ARR", money(row.arr)],
      ["ARR at risk", money(row.arr_at_risk)], ["renewal", row.renewal_date], ["state", row.state],
      ["recovery", row.recovery_stage], ["waiting on", row.waiting_on],
      ["last rank", row.previous_rank], ["measured", percent(row.data_coverage)],
    ])));
    const series = Object.entries(row.series || {});
    if (series.length) {
      cards.append(card(`The last ${data.weeks} weeks`, ...series.map(([name, values]) => spark(name, values))));
    }
    const text = make("pre", briefOf(row), "brief");
    const copy = make("button", "Copy brief", "copy");
    copy.type = "button";
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        copy.textContent = "Copied";
      } catch {
        const range = document.createRange();
        range.selectNodeContents(text);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        copy.textContent = "Selected: press Ctrl+C";
      }
    });
    const brief = card("Brief", text, copy);
    brief.classList.add("wide");
    cards.append(brief);
    cell.append(cards);
    const line = make("tr", null, "detail");
    line.append(cell);
    return line;
  }

  function toggle(line, wanted) {
    const button = line.querySelector(".open");
    const open = button.getAttribute("aria-expanded") === "true";
    if (wanted !== undefined && wanted === open) return;
    button.setAttribute("aria-expanded", String(!open));
    if (open) line.nextElementSibling.remove();
    else line.after(detailOf(rowOf(line)));
  }

  function moved() {
    const place = document.getElementById("moved");
    const groups = [["new", "New"], ["up", "Up"], ["down", "Down"]];
    const isFirst = data.rows.every((row) => row.change === "new");
    if (isFirst) { body.className = "first"; place.append(make("p", "This is the first list: there is none to compare with.")); return; }
    for (const [change, label] of groups) {
      const found = data.rows.filter((row) => row.change === change);
      const jump = (row) => Math.abs((row.previous_rank || 0) - row.rank);
      if (change !== "new") found.sort((a, b) => jump(b) - jump(a));
      const list = make("ul");
      for (const row of found.slice(0, 5)) {
        const from = row.previous_rank ? `${row.previous_rank} → ${row.rank}` : `at ${row.rank}`;
        list.append(make("li", `${toldApart(row)}: ${from}`));
      }
      place.append(make("h3", `${label}: ${found.length}`), list);
    }
  }

  body.addEventListener("click", (event) => {
    const line = event.target.closest("tr[data-row]");
    if (line && !String(getSelection())) toggle(line);
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  document.getElementById("clear").addEventListener("click", () => form.reset());
  document.getElementById("print").addEventListener("click", () => print());
  for (const button of document.querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => sort(button));
  }
  document.addEventListener("keydown", (event) => {
    const typing = /INPUT|SELECT|TEXTAREA/.test(event.target.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape") {
      if (typing && search.value) { search.value = ""; filter(); }
      for (const line of lines) toggle(line, false);
    }
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.classList.contains("open")) {
      const visible = lines.filter((line) => !line.hidden);
      const at = visible.indexOf(event.target.closest("tr"));
      const next = visible[at + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) { event.preventDefault(); next.querySelector(".open").focus(); }
    }
  });
  moved();
  filter();
})();
