// The network: a column for each layer, a button with a picture for each neuron, lines for weights.

let boxes = []; // where they are; empty where that must be looked up
const columns = document.getElementById("columns");
const lines = document.getElementById("lines"); // behind them, with all that changes
let neurons = []; // the buttons by layer, inputs first
let chosen = null; // {layer, neuron}: what is shown large; none is the output

function made(tag, attributes = {}, text = "") {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

// Build the columns of a session.
function buildNetwork(session, options, change) {
  for (const column of [...columns.querySelectorAll(".column")]) column.remove();
  neurons = [];
  boxes = [];
  const last = session.sizes.length - 1;
  session.sizes.forEach((size, layer) => {
    const column = made("div", { class: "column" });
    column.append(columnTop(session, options, layer, last, change));
    const own = [];
    for (let neuron = 0; neuron < size; neuron++) {
      const name = neuronName(session, layer, neuron);
      const button = made("button", { class: "neuron", type: "button", "aria-pressed": "false",
        "aria-label": name, title: name });
      button.addEventListener("click", () => {
        const same = chosen && chosen.layer === layer && chosen.neuron === neuron;
        chosen = same ? null : { layer, neuron };
        markChosen();
        drawAll();
      });
      column.append(button);
      if (layer === 0 || layer === last) column.append(made("span", { class: "name", title: name },
        layer ? session.labels[neuron] || "output" : session.names[neuron]));
      own.push(button);
    }
    neurons.push(own);
    columns.append(column);
  });
  if (chosen && !(neurons[chosen.layer] || [])[chosen.neuron]) chosen = null;
  markChosen();
  document.getElementById("depth").textContent =
    `${last - 1} hidden layer${last === 2 ? "" : "s"}`;
}

function columnTop(session, options, layer, last, change) {
  const top = made("div", { class: "top" });
  if (layer === 0 || layer === last) {
    top.append(made("span", {}, layer ? (session.labels.length ? "softmax" : "output") : "inputs"));
    return top;
  }
  const select = made("select", { "aria-label": `activation of layer ${layer}` });
  for (const name of options.activations) select.append(made("option", { value: name }, name));
  select.value = session.choices.activations[layer - 1];
  select.addEventListener("change", () => change((choices) => {
    choices.activations[layer - 1] = select.value;
  }));
  const size = made("div", { class: "size" });
  for (const [text, by, title] of [["−", -1, "less"], ["+", 1, "more"]]) {
    const button = made("button", { type: "button", title: `one neuron ${title}`,
      "aria-label": `layer ${layer}: one neuron ${title}` }, text);
    button.addEventListener("click", () => change((choices) => {
      choices.hidden[layer - 1] += by;
    }));
    size.append(button);
    if (by < 0) size.append(made("span", {}, String(session.sizes[layer])));
  }
  top.append(made("span", {}, `layer ${layer}`), select, size);
  return top;
}

function neuronName(session, layer, neuron) {
  const last = session.sizes.length - 1;
  if (layer === 0) return `input ${session.names[neuron]}`;
  if (layer < last) return `layer ${layer}, neuron ${neuron + 1}`;
  return session.labels.length ? `output, class ${session.labels[neuron]}` : "output";
}

function markChosen() {
  neurons.forEach((own, layer) => own.forEach((button, neuron) => {
    const is = chosen !== null && chosen.layer === layer && chosen.neuron === neuron;
    button.setAttribute("aria-pressed", String(is));
  }));
}

// Where the numbers of a neuron begin among those of all; negative for inputs.
function placeOf(session, layer, neuron) {
  if (layer === 0) return -1;
  let before = neuron;
  for (let l = 1; l < layer; l++) before += session.sizes[l];
  return before * numbersOf(session);
}

function numbersOf(session) {
  return session.names.length === 1 ? session.smallSide : session.smallSide ** 2;
}

// What an input is, all over what is shown: itself.
function inputImage(session, neuron) {
  const side = session.smallSide;
  return painted(side, (i) => {
    const across = (i % side) / (side - 1), down = Math.floor(i / side) / (side - 1);
    return palette[Math.round(254 * (neuron ? 1 - down : across))];
  });
}

function drawNeurons(context, session, picture) {
  const side = session.smallSide, isCurve = session.names.length === 1;
  boxes.forEach((own, layer) => own.forEach((box, neuron) => {
    const from = placeOf(session, layer, neuron);
    if (isCurve) {
      const values = layer ? picture.neurons
        : Int8Array.from({ length: side }, (_, i) => 254 * (i / (side - 1)) - 127);
      smallCurve(context, box, values, Math.max(0, from), side);
      return;
    }
    const image = layer ? signedImage(picture.neurons, from, side) : inputImage(session, neuron);
    stretched(context, image, box.left, box.top, box.size, box.size);
  }));
}

// Where the weights of each layer begin, and its biases, among all parameters.
function weightPlaces(session) {
  const places = [];
  let at = 0;
  for (let layer = 1; layer < session.sizes.length; layer++) {
    const n = session.sizes[layer - 1] * session.sizes[layer];
    places.push({ weights: at, biases: at + n });
    at += n + session.sizes[layer];
  }
  return places;
}

function findBoxes() {
  const area = lines.getBoundingClientRect();
  return neurons.map((own) => own.map((button) => {
    const box = button.getBoundingClientRect();
    return { left: box.left - area.left, top: box.top - area.top, size: box.width };
  }));
}

function drawNetwork(session, picture) {
  const [context] = sharp(lines);
  if (!boxes.length) boxes = findBoxes();
  weightPlaces(session).forEach(({ weights, biases }, k) => {
    const n = session.sizes[k + 1];
    let largest = 1e-9;
    for (let i = weights; i < biases; i++) largest = Math.max(largest, Math.abs(picture.weights[i]));
    for (let i = weights; i < biases; i++) {
      const part = picture.weights[i] / largest;
      if (Math.abs(part) < 0.02) continue;
      const from = boxes[k][Math.floor((i - weights) / n)], to = boxes[k + 1][(i - weights) % n];
      const right = from.left + from.size, middle = (right + to.left) / 2;
      const [y, toY] = [from, to].map((box) => box.top + box.size / 2);
      context.strokeStyle = part < 0 ? theme.low : theme.high;
      context.globalAlpha = 0.15 + 0.75 * Math.abs(part);
      context.lineWidth = 0.4 + 3.6 * Math.abs(part);
      context.beginPath();
      context.moveTo(right, y);
      context.bezierCurveTo(middle, y, middle, toY, to.left, toY);
      context.stroke();
    }
  });
  context.globalAlpha = 1;
  drawNeurons(context, session, picture);
}

// Say what the chosen neuron has: its bias and weights.
function tellChosen(session, picture) {
  const place = document.getElementById("chosen");
  if (!place.dataset.hint) place.dataset.hint = place.textContent;
  if (!chosen || !chosen.layer) {
    place.textContent = place.dataset.hint;
    return;
  }
  const { weights, biases } = weightPlaces(session)[chosen.layer - 1];
  const n = session.sizes[chosen.layer], own = [];
  for (let i = weights + chosen.neuron; i < biases; i += n) own.push(number(picture.weights[i], 3));
  const bias = number(picture.weights[biases + chosen.neuron], 3);
  place.textContent = `${neuronName(session, chosen.layer, chosen.neuron)}: weights ` +
    `${own.join(", ")}; bias ${bias}. Press it again to see the output.`;
}
