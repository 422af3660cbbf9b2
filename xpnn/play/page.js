// The page: what it is told by the socket, and what it asks for.

const at = (id) => document.getElementById(id);
let options = null, session = null, picture = null, plays = false, socket = null;
let sample = null;
let came = null, pictures = 0, networks = 0, wholes = 0; // what is not drawn yet

function ask(what) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(what));
}

function problem(text) {
  at("problem").textContent = text;
  at("problem").hidden = !text;
}

// A picture as it comes: the length of a head, the head, and arrays.
function opened(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const kinds = { uint8: Uint8Array, int8: Int8Array, float32: Float32Array };
  let place = 4 + length;
  for (const [name, kind, size] of head.arrays) {
    head[name] = new kinds[kind](buffer, place, size);
    place += Math.ceil((size * kinds[kind].BYTES_PER_ELEMENT) / 4) * 4;
  }
  return head;
}

const told = {
  options(message) {
    options = message;
    prepareControls(options);
  },
  session(message) {
    session = message;
    picture = came = null;
    showChoices(session, options);
    buildNetwork(session, options, change);
    tellLegend();
    at("row").max = session.rows - 1;
  },
  state(message) {
    plays = message.plays;
    at("play").textContent = plays ? "⏸ Pause" : "▶ Play";
  },
  problem(message) {
    problem(message.text);
  },
  code(message) {
    at("code").textContent = message.text;
    at("code").hidden = at("copy").hidden = false;
    at("copied").textContent = "";
  },
  sample(message) {
    sample = message;
    showSample(message);
    drawAll();
  },
};

function connect() {
  const address = new URL("socket" + location.search, location.href);
  address.protocol = "ws:";
  socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      told[message.kind](message);
      return;
    }
    const next = opened(data);
    networks += next.neurons !== undefined; // others keep the network
    wholes += next.train !== undefined; // others are not measured, and keep the numbers
    came = { ...(came || {}), ...next };
    pictures += 1;
    if (pictures === 1) requestAnimationFrame(show);
  };
  socket.onclose = () => problem("xpnn play has ended, or this page has lost it. Load it again.");
}

// Draw the newest picture; others are asked for when it is drawn, so that a slow page gets fewer.
function show() {
  picture = came;
  drawAll(networks > 0, wholes > 0);
  networks = wholes = 0;
  for (; pictures > 0; pictures--) ask({ do: "seen" });
  if (!plays) refresh();
}

// What was asked for is of the moment, and is asked for again when that is another one.
function refresh() {
  if (!at("code").hidden) ask({ do: "code" });
  if (sample) ask({ do: "sample", row: sample.row });
}

// Draw what there is, or only what the last pictures had.
function drawAll(network = true, whole = true) {
  if (!session || !picture) return;
  if (network) drawNetwork(session, picture);
  drawOutput();
  if (!whole) return;
  drawPoints();
  at("epochs").textContent = picture.epoch.toLocaleString("en") +
    (picture.step ? ` + ${picture.step}/${session.stepsOfEpoch}` : "");
  for (const [id, value] of [["loss", picture.train.loss], ["test-loss", picture.test.loss],
    ["accuracy", picture.train.accuracy], ["test-accuracy", picture.test.accuracy]]) {
    at(id).textContent = id.includes("acc") && value !== undefined
      ? (100 * value).toFixed(1) + " %" : number(value);
    at(id).dataset.value = value;
  }
  tellChosen(session, picture);
  drawCurves(at("losses"), picture.curve, [1, 2]);
  if (session.labels.length) drawCurves(at("accuracies"), picture.curve, [3, 4], 1);
  drawNorms();
}

function drawNorms() {
  const place = at("norms");
  if (place.children.length !== 3 * session.parameters.length) {
    place.replaceChildren(...session.parameters.flatMap((name) =>
      [made("span", {}, name), made("i"), made("span")]));
  }
  picture.norms.forEach((norm, k) => {
    // from 1e-6 to 10, by powers of ten
    const part = Math.max(0, Math.min(1, (Math.log10(norm || 1e-9) + 6) / 7));
    place.children[3 * k].textContent = session.parameters[k];
    place.children[3 * k + 1].style.width = `${100 * part}%`;
    place.children[3 * k + 2].textContent = number(norm);
  });
}

// ------------------------------------------------------------------ the large picture

function placeOfPoint(point, y, width, height) {
  const [[left, right], [low, high]] = session.bounds;
  const up = session.names.length === 1 ? y : point[1];
  return [((point[0] - left) / (right - left)) * width,
    (1 - (up - low) / (high - low)) * height];
}

function drawOutput() {
  const [context, width, height] = sharp(at("regions"));
  const side = session.side, k = session.labels.length, isCurve = session.names.length === 1;
  at("output-title").textContent = chosen
    ? neuronName(session, chosen.layer, chosen.neuron) : "Output";
  if (isCurve) {
    drawFitted(context, width, height);
  } else if (chosen) {
    const from = placeOf(session, chosen.layer, chosen.neuron);
    stretched(context, chosen.layer ? signedImage(picture.neurons, from, session.smallSide)
      : inputImage(session, chosen.neuron), 0, 0, width, height);
  } else {
    stretched(context, k ? classImage(picture, side, k) : signedImage(picture.values, 0, side),
      0, 0, width, height);
  }
}

// The points stay as they are, on a canvas of their own.
function drawPoints() {
  const [context, width, height] = sharp(at("points"));
  const k = session.labels.length, isCurve = session.names.length === 1;
  const largest = Math.max(...session.train.y.map(Math.abs), 1e-9);
  const parts = [["train", session.train], ["test", session.test]];
  for (const [name, { X, y, every }] of parts) {
    if (name === "test" && !at("show-test").checked) continue;
    X.forEach((point, i) => {
      const fill = k ? theme.classes[y[i]] : isCurve ? theme[name] : css(signed(y[i] / largest));
      const isChosen = name === "train" && sample && sample.row === i * every;
      // points of numbers have the colour of what is right, which is soon that of the ground
      const edge = k || isCurve ? theme.paper : theme.ink;
      const place = placeOfPoint(point, y[i], width, height);
      dot(context, ...place, fill, edge, name === "test", isChosen);
    });
  }
}

function drawFitted(context, width, height) {
  const [low, high] = session.bounds[1];
  let values = picture.values, y = (value) => (1 - (value - low) / (high - low)) * height;
  if (chosen) {
    const from = Math.max(0, placeOf(session, chosen.layer, chosen.neuron));
    values = chosen.layer ? picture.neurons.slice(from, from + session.smallSide)
      : [-127, 127];
    y = (value) => height / 2 - (value / 127) * (height / 2 - 4);
  }
  context.strokeStyle = theme.high;
  context.lineWidth = 2.5;
  context.beginPath();
  for (let i = 0; i < values.length; i++) {
    context.lineTo((i / (values.length - 1)) * width, y(values[i]));
  }
  context.stroke();
}

function tellLegend() {
  const legend = at("legend");
  legend.replaceChildren();
  session.labels.forEach((label, k) => {
    const key = made("span", { class: "key" });
    key.style.background = theme.classes[k];
    legend.append(key, label);
  });
  if (session.names.length === 2) {
    legend.append(made("span", {}, `${session.labels.length ? " · " : ""}across: ` +
      `${session.names[0]}, up: ${session.names[1]}`));
  }
}

at("regions").addEventListener("click", (event) => {
  if (!session) return;
  const box = at("regions").getBoundingClientRect();
  let best = 0, least = Infinity;
  session.train.X.forEach((point, i) => {
    const [x, y] = placeOfPoint(point, session.train.y[i], box.width, box.height);
    const distance = Math.hypot(x - event.clientX + box.left, y - event.clientY + box.top);
    if (distance < least) [best, least] = [i, distance];
  });
  at("row").value = best * session.train.every;
  ask({ do: "sample", row: Number(at("row").value) });
});

// ------------------------------------------------------------------ one sample's numbers

function numberTable(rows) {
  const table = made("table");
  for (const [name, values, gradients] of rows) {
    const row = made("tr");
    row.append(made("th", { scope: "row" }, name));
    values.forEach((value, i) => {
      const cell = made("td", {}, number(value, 3));
      if (gradients && gradients.length) cell.append(made("small", {}, number(gradients[i], 3)));
      row.append(cell);
    });
    table.append(row);
  }
  return table;
}

function showSample(message) {
  const target = session.labels[message.y] ?? number(message.y);
  const blocks = [made("p", { class: "hint" },
    `Row ${message.row}: the target is ${target}, the loss ${number(message.loss)}.`)];
  message.layers.forEach((layer, k) => {
    const block = made("div", { class: "pass" });
    block.append(made("h3", {}, `${k}. ${layer.title}`));
    const rows = [];
    for (const { name, values, gradient } of layer.parameters) {
      if (Array.isArray(values[0])) {
        values.forEach((row, i) => rows.push([`${name} ${i}`, row, gradient[i]]));
      } else rows.push([name, values, gradient]);
    }
    const before = [["in", layer.inputs, layer.dinputs]];
    const after = [...rows, ["out", layer.outputs, layer.doutputs]];
    if (rows.length) block.append(numberTable(before), numberTable(after));
    else block.append(numberTable([...before, ...after]));
    blocks.push(block);
  });
  at("sample").replaceChildren(...blocks);
}

// ------------------------------------------------------------------ what is pressed

// Choose other things: what the controls say, changed further.
function change(further = () => {}) {
  const choices = readChoices(session.choices, options);
  further(choices);
  ask({ do: "choose", choices });
}

form.addEventListener("change", () => change());
form.addEventListener("input", showOutputs);
form.addEventListener("submit", (event) => event.preventDefault());
at("play").addEventListener("click", () => ask({ do: plays ? "pause" : "play" }));
for (const id of ["again", "step", "epoch"]) at(id).addEventListener("click", () => ask({ do: id }));
at("more").addEventListener("click", () => change((choices) => {
  choices.hidden.push(choices.hidden.at(-1) ?? 8);
  choices.activations.push(choices.activations.at(-1) ?? "silu");
}));
at("less").addEventListener("click", () => change((choices) => {
  choices.hidden.pop();
  choices.activations.pop();
}));
at("show-code").addEventListener("click", () => ask({ do: "code" }));
at("show-sample").addEventListener("click", () => ask({ do: "sample", row: typed(at("row")) }));
at("show-test").addEventListener("change", () => drawAll());
at("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(at("code").textContent);
  at("copied").textContent = "Copied.";
});
new ResizeObserver(() => {
  boxes = [];
  drawAll();
}).observe(document.querySelector("main"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readTheme();
  if (session) tellLegend();
  drawAll();
});
readTheme();
connect();
