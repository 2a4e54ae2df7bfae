// The chart's tooltip: it shows what the server wrote into the bars.
document.addEventListener("pointermove", (event) => {
  const chart = event.target.closest?.(".chart");
  if (chart) show(chart, event.target.closest(".col"), event.clientX);
});
document.addEventListener("pointerout", (event) => {
  const chart = event.target.closest?.(".chart");
  if (chart && !chart.contains(event.relatedTarget)) chart.querySelector(".tip").hidden = true;
});

function show(chart, column, pointer) {
  const tip = chart.querySelector(".tip");
  tip.hidden = !column;
  if (!column) return;
  const rows = [...column.querySelectorAll("[data-value]")].reverse().map((bar) => {
    const row = document.createElement("li");
    row.className = bar.getAttribute("class");
    row.append(bar.dataset.name, Object.assign(document.createElement("b"), { textContent: bar.dataset.value }));
    return row;
  });
  const head = Object.assign(document.createElement("strong"), {
    textContent: `${column.dataset.day} · ${column.dataset.total}`,
  });
  const list = document.createElement("ul");
  list.append(...rows);
  tip.replaceChildren(head, list);
  const box = chart.getBoundingClientRect();
  const x = Math.min(Math.max(pointer - box.left, 90), box.width - 90);
  tip.style.transform = `translate(calc(${x}px - 50%), 0)`;
}
