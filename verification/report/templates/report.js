(() => {
  const form = document.getElementById("filters");
  const said = document.getElementById("shown");
  const verdicts = ["REFUTED", "INCONCLUSIVE", "SUPPORTED", "CERTIFIED", "PROVED"];
  if (form) {
    const body = document.querySelector("#claims tbody");
    const all = [...body.rows];
    const rows = all.filter((row) => !row.classList.contains("group"));
    const name = (row) => row.dataset.claim;
    const orders = {
      name: (a, b) => name(a).localeCompare(name(b), "en", { numeric: true }),
      verdict: (a, b) => verdicts.indexOf(a.dataset.verdict) - verdicts.indexOf(b.dataset.verdict),
      slack: (a, b) => Number(b.dataset.slack) - Number(a.dataset.slack),
    };
    const apply = () => {
      const data = new FormData(form);
      const words = String(data.get("words")).trim().toLowerCase().split(/\s+/);
      const order = orders[data.get("order")];
      const fits = (row) =>
        (!data.get("verdict") || row.dataset.verdict === data.get("verdict")) &&
        (!data.get("variant") || row.dataset.variant === data.get("variant")) &&
        (!data.get("differs") || row.dataset.differs === "yes") &&
        words.every((word) => `${row.textContent} ${row.dataset.words}`.toLowerCase().includes(word));
      for (const row of rows) row.hidden = !fits(row);
      body.append(...(order ? [...rows].sort(order) : all));
      let heading = null;
      for (const row of all) {
        if (row.classList.contains("group")) {
          heading = row;
          heading.hidden = true;
          if (order) heading.remove();
        } else if (heading && !row.hidden) heading.hidden = false;
      }
      said.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} claims shown`;
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("reset", () => setTimeout(apply));
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
    // The browser looked for the row before the script moved it.
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (wanted) wanted.scrollIntoView();
  }
  const zoom = document.getElementById("zoom");
  if (zoom) {
    zoom.hidden = false;
    zoom.addEventListener("input", (event) => {
      document.querySelector(".fit, .full").className = event.target.checked ? "scroll full" : "scroll fit";
    });
  }
  const graph = document.querySelector("svg.claim-graph");
  if (graph) {
    // The claims that one rests on and those that rest on it, at any depth; the rest steps back.
    const arrows = [...graph.querySelectorAll(".arrow")];
    const reach = (id, from, to) => {
      const found = new Set([id]);
      for (const at of found) for (const a of arrows) if (a.dataset[from] === at) found.add(a.dataset[to]);
      return found;
    };
    const light = (id) => {
      const above = id && reach(id, "end", "start");
      const below = id && reach(id, "start", "end");
      const near = (...ids) => !id || ids.every((i) => above.has(i)) || ids.every((i) => below.has(i));
      for (const a of arrows) a.classList.toggle("faded", !near(a.dataset.start, a.dataset.end));
      for (const box of graph.querySelectorAll("a")) box.classList.toggle("faded", !near(box.dataset.claim));
    };
    // graph.html#behind-CLAIM: what the claim rests on, at any depth, and nothing else.
    const rest = () => {
      const id = decodeURIComponent(location.hash).startsWith("#behind-") && decodeURIComponent(location.hash).slice(8);
      const behind = id && reach(id, "end", "start");
      if (!id) return light(null);
      for (const a of arrows) a.classList.toggle("faded", !behind.has(a.dataset.end));
      for (const box of graph.querySelectorAll("a")) box.classList.toggle("faded", !behind.has(box.dataset.claim));
    };
    for (const box of graph.querySelectorAll("a")) {
      for (const event of ["mouseenter", "focus"]) box.addEventListener(event, () => light(box.dataset.claim));
      for (const event of ["mouseleave", "blur"]) box.addEventListener(event, rest);
    }
    addEventListener("hashchange", rest);
    rest();
  }
  // What is wider than its place can be scrolled from the keyboard, and fades where there is more of it.
  const wide = (box) => {
    const hidden = box.scrollWidth - box.clientWidth;
    box.classList.toggle("more", hidden - box.scrollLeft > 1);
    if (hidden > 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => wide(entry.target)));
  for (const box of document.querySelectorAll(".scroll, .note main > :is(p, ul, ol, table)")) {
    sizes.observe(box);
    box.addEventListener("scroll", () => wide(box));
  }
  const own = document.querySelector("svg .focus");
  if (own) {
    const box = own.closest(".scroll");
    const [at, of] = [own.getBoundingClientRect(), box.getBoundingClientRect()];
    box.scrollLeft = at.left - of.left - (of.width - at.width) / 2;
  }
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("main details:not(.budget)")) folded.open = true;
  });
})();
