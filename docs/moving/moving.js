// Moves the figures: looks up, for where the sliders are, what docs/moving/*.py has computed.
"use strict";

for (const figure of document.querySelectorAll(".moving")) {
  const { tables, changes } = JSON.parse(figure.querySelector("script").textContent);
  const sliders = [...figure.querySelectorAll("input")];
  const parts = [];
  for (const part of figure.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;
  const first = sliders.map((slider) => Number(slider.defaultValue));
  const now = () => sliders.map((slider) => slider.valueAsNumber);

  function find(table, positions) {
    let place = 0;
    for (const i of table.by) place = place * (Number(sliders[i].max) + 1) + positions[i];
    const value = table.values[place];
    if (table.along === undefined) return value;
    const n = Math.min(positions[table.along], value.length - 1);
    return table.upto ? value.slice(0, n + 1).join(" ") : value[n];
  }

  function show(positions) {
    const values = tables.map((table) => find(table, positions));
    for (const { part, set, table } of changes) {
      const value = String(values[table]), target = parts[part];
      if (set !== "text") target.setAttribute(set, value);
      else if (target.textContent !== value) target.textContent = value; // what is new is read out
    }
    for (const button of figure.querySelectorAll("button")) {
      const i = button.dataset.slider, next = positions[i] + Number(button.dataset.step);
      button.setAttribute("aria-disabled", next < 0 || next > Number(sliders[i].max));
    }
  }

  figure.addEventListener("input", () => show(now()));
  figure.addEventListener("click", ({ target }) => {
    if (target.dataset.step === undefined) return;
    const slider = sliders[target.dataset.slider];
    slider.valueAsNumber += Number(target.dataset.step); // which stays within its ends
    show(now());
  });
  // paper shows how it begins
  addEventListener("beforeprint", () => show(first));
  addEventListener("afterprint", () => show(now()));
  figure.classList.add("moving-live");
  show(now());
}
