"use strict";
/* What the rest of the page does: filter the comparison, and enlarge a figure. */
(() => {
  const rows = [...document.querySelectorAll("#comparison tbody tr")];
  const find = document.getElementById("find");

  function filter() {
    const verdict = document.querySelector("input[name=verdict]:checked").value;
    const word = find.value.trim().toLowerCase();
    for (const row of rows) {
      const wanted = verdict === "all" || row.dataset.verdict === verdict;
      row.hidden = !(wanted && row.textContent.toLowerCase().includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    document.getElementById("filtered").textContent = `${shown} of ${rows.length} shown`;
  }

  for (const radio of document.querySelectorAll("input[name=verdict]")) radio.addEventListener("change", filter);
  if (find) find.addEventListener("input", filter);

  const dialog = document.getElementById("enlarged");
  if (!dialog) return;
  const [large, caption] = [dialog.querySelector("img"), dialog.querySelector("figcaption")];
  const figures = [...document.querySelectorAll(".figures figure")];
  let current = 0;

  function enlarge(number) {
    current = (number + figures.length) % figures.length;
    const image = figures[current].querySelector("img");
    large.src = image.src;
    large.alt = image.alt;
    caption.replaceChildren(...figures[current].querySelector("figcaption").cloneNode(true).childNodes);
    if (!dialog.open) dialog.showModal();
  }

  for (const [number, figure] of figures.entries()) figure.querySelector("button").addEventListener("click", () => enlarge(number));
  dialog.addEventListener("click", (event) => {
    const step = event.target.closest("button")?.dataset.step;
    if (step === undefined) dialog.close();
    else enlarge(current + Number(step));
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") enlarge(current + 1);
    if (event.key === "ArrowLeft") enlarge(current - 1);
  });
})();
