// Ticked rows of a list: the box in the heading ticks all of the page, and the bar below tells how many are chosen.
document.addEventListener("change", (event) => {
  const list = event.target.closest(".list");
  if (!list?.querySelector("#selection")) return;
  const boxes = [...list.querySelectorAll('input[name="chosen"]')];
  const head = list.querySelector("[data-choose-all]");
  if (event.target === head) for (const box of boxes) box.checked = head.checked;
  const count = boxes.filter((box) => box.checked).length;
  if (head) [head.checked, head.indeterminate] = [count === boxes.length, count > 0 && count < boxes.length];
  list.querySelector("[data-chosen]").textContent = `${count} chosen`;
});
