// The controls: from what is chosen to what they show, and back.

const form = document.getElementById("controls");

function fill(select, names, labels = names) {
  select.replaceChildren(...names.map((name, i) => made("option", { value: name }, labels[i])));
}

function prepareControls(options) {
  const data = options.table ? ["table", ...options.data] : options.data;
  fill(form.data, data, data.map((name) => (name === "table" ? "my table" : name)));
  fill(form.optimizer, Object.keys(options.optimizers));
  document.getElementById("backends").replaceChildren(
    ...options.backends.map((name) => made("option", { value: name })));
  if (options.table) {
    document.getElementById("table-path").textContent = options.table.path;
    fill(form.target, options.table.columns);
    fill(form.across, options.table.numbers);
    fill(form.up, options.table.numbers);
  }
}

// Show what is chosen; a field in which somebody types is left alone.
function showChoices(session, options) {
  const choices = session.choices;
  const values = { ...choices, batch_size: choices.batch_size ?? "" };
  if (choices.data === "table") {
    [values.across, values.up] = session.names;
    values.target = session.target;
  }
  for (const field of form.elements) {
    if (!(field.name in values) || field === document.activeElement && isTyped(field)) continue;
    field.value = values[field.name];
  }
  showSettings(choices, options);
  showOutputs();
  const isTable = choices.data === "table";
  hideBut("table-only", isTable);
  hideBut("drawn-only", !isTable);
  hideBut("plane-only", !isTable && choices.data !== "sine");
  hideBut("classes-only", session.labels.length > 0);
  document.getElementById("samples-name").textContent =
    choices.data === "sine" ? "points" : "points per class";
  document.getElementById("rows-said").textContent = session.said;
  const name = choices.backend.replace("!", "").split(":")[0];
  const falls = name !== session.backend && name !== "auto";
  document.getElementById("backend-said").textContent =
    falls ? `${choices.backend} can't run here; ${session.backend} does.` : "";
}

function isTyped(field) {
  return field.tagName === "INPUT" && field.type !== "range";
}

function hideBut(name, isShown) {
  for (const element of document.querySelectorAll("." + name)) element.hidden = !isShown;
}

function showSettings(choices, options) {
  const place = document.getElementById("settings"), known = options.optimizers[choices.optimizer];
  if (place.dataset.of !== choices.optimizer) {
    place.replaceChildren(...Object.entries(known).map(([name, value]) => {
      const label = made("label", {}, name.replaceAll("_", " ") + " ");
      const isFlag = typeof value === "boolean";
      label.append(made("input", { "data-setting": name, type: isFlag ? "checkbox" : "number",
        step: "any" }));
      return label;
    }));
    place.dataset.of = choices.optimizer;
  }
  for (const field of place.querySelectorAll("input")) {
    const value = choices.settings[field.dataset.setting] ?? known[field.dataset.setting];
    if (field.type === "checkbox") field.checked = value;
    else if (field !== document.activeElement) field.value = value;
  }
}

function showOutputs() {
  for (const field of form.querySelectorAll("input[type=range]")) {
    field.parentElement.querySelector("output").textContent = field.value;
  }
}

// A number as it is typed; null where there is none, which the library refuses in words.
function typed(field) {
  return field.value.trim() === "" ? null : Number(field.value);
}

// What the controls say, over what was chosen before.
function readChoices(before, options) {
  const choices = structuredClone(before);
  for (const name of ["samples", "classes", "noise", "seed", "batch_size", "l1", "l2", "dropout"]) {
    choices[name] = typed(form[name]);
  }
  for (const name of ["data", "optimizer", "backend"]) choices[name] = form[name].value;
  if (choices.data === "table" && before.data === "table") {
    for (const name of ["target", "across", "up"]) choices[name] = form[name].value;
  }
  if (choices.optimizer !== before.optimizer) {
    choices.settings = { learning_rate: before.settings.learning_rate };
    return choices;
  }
  const known = options.optimizers[choices.optimizer];
  choices.settings = {};
  for (const field of document.querySelectorAll("#settings input")) {
    const name = field.dataset.setting;
    const value = field.type === "checkbox" ? field.checked : typed(field);
    if (name === "learning_rate" || value !== known[name]) choices.settings[name] = value;
  }
  return choices;
}
