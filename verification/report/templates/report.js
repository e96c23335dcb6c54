(() => {
  const form = document.getElementById("filters");
  const rows = [...document.querySelectorAll("#claims tbody tr")];
  const said = document.getElementById("shown");
  const verdicts = ["REFUTED", "INCONCLUSIVE", "SUPPORTED", "CERTIFIED", "PROVED"];
  const name = (row) => row.querySelector("th code").textContent;
  const orders = {
    name: (a, b) => name(a).localeCompare(name(b), "en", { numeric: true }),
    verdict: (a, b) => verdicts.indexOf(a.dataset.verdict) - verdicts.indexOf(b.dataset.verdict),
    slack: (a, b) => Number(b.dataset.slack) - Number(a.dataset.slack),
  };
  if (form) {
    const apply = () => {
      const data = new FormData(form);
      const words = String(data.get("words")).trim().toLowerCase().split(/\s+/);
      const order = orders[data.get("order")];
      const body = document.querySelector("#claims tbody");
      body.append(...(order ? [...rows].sort(order) : rows));
      let shown = 0;
      for (const row of rows) {
        const fits =
          (!data.get("verdict") || row.dataset.verdict === data.get("verdict")) &&
          (!data.get("variant") || row.dataset.variant === data.get("variant")) &&
          (!data.get("differs") || row.dataset.differs === "yes") &&
          words.every((word) => `${row.textContent} ${row.dataset.words}`.toLowerCase().includes(word));
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      said.textContent = `${shown} of ${rows.length} claims shown`;
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("reset", () => setTimeout(apply));
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("article details")) folded.open = true;
  });
})();
