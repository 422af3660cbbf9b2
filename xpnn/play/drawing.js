// Colours and pictures: regions, curves, bars.  Nothing here knows the socket.

const CLASS_COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9",
  "#F0E442", "#8a8f94"];

let theme = {};

function rgb(text) {
  const hex = text.trim().slice(1);
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// Read the colours of the page, which are others where it is dark.
function readTheme() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "ink", "faint", "line", "low", "high", "train", "test"]) {
    theme[name] = style.getPropertyValue("--" + name).trim();
    theme[name + "Rgb"] = rgb(theme[name]);
  }
  const isDark = theme.paperRgb[0] < 128; // where points must be lighter than regions
  theme.classes = CLASS_COLOURS.map((text) => css(mixed(rgb(text), [255, 255, 255], isDark ? 0.35 : 0)));
  makePalettes();
}

// Make a canvas as sharp as the screen; return what draws on it, in CSS pixels.
function sharp(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width, height];
}

function mixed(one, other, part) {
  return [0, 1, 2].map((i) => one[i] + (other[i] - one[i]) * part);
}

// The colour of a number between -1 and 1, over paper.
function signed(value) {
  const end = value < 0 ? theme.lowRgb : theme.highRgb;
  return mixed(theme.paperRgb, end, Math.min(1, Math.abs(value)) * 0.9);
}

function css(colour) {
  return `rgb(${colour.map(Math.round).join(",")})`;
}

// A colour as the four bytes of a pixel.
function pixel(colour) {
  const [r, g, b] = colour.map(Math.round);
  return (255 << 24) | (b << 16) | (g << 8) | r;
}

let palette = new Uint32Array(255), classPalettes = [];

// Make the tables in which pictures look their colours up.
function makePalettes() {
  palette = Uint32Array.from({ length: 255 }, (_, i) => pixel(signed((i - 127) / 127)));
  classPalettes = CLASS_COLOURS.map((text) => Uint32Array.from({ length: 256 }, (_, i) =>
    pixel(mixed(theme.paperRgb, rgb(text), 0.08 + (0.5 * i) / 255))));
}

function painted(side, pixelAt) {
  const image = new ImageData(side, side), pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = pixelAt(i);
  return image;
}

const scratch = document.createElement("canvas");

// Put a small picture into a larger place, smoothly.
function stretched(context, image, left, top, width, height) {
  if (scratch.width !== image.width) scratch.width = scratch.height = image.width;
  scratch.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(scratch, left, top, width, height);
}

function signedImage(values, from, side) {
  return painted(side, (i) => palette[values[from + i] + 127]);
}

// Regions of k classes; the surer, the more colour.
function classImage(picture, side, k) {
  return painted(side, (i) => {
    const sure = (picture.sure[i] * k - 255) / (k - 1);
    return classPalettes[picture.regions[i]][Math.max(0, sure) | 0];
  });
}

// A small curve of a neuron with one input.
function smallCurve(context, { left, top, size }, values, from, n) {
  const middle = top + size / 2;
  context.fillStyle = theme.paper;
  context.fillRect(left, top, size, size);
  context.lineWidth = 1;
  context.strokeStyle = theme.line;
  context.beginPath();
  context.moveTo(left, middle);
  context.lineTo(left + size, middle);
  context.stroke();
  context.lineWidth = 2;
  context.strokeStyle = theme.high;
  context.beginPath();
  for (let i = 0; i < n; i++) {
    const y = middle - (values[from + i] / 127) * (size / 2 - 4);
    context.lineTo(left + (i / (n - 1)) * size, y);
  }
  context.stroke();
}

function dot(context, x, y, fill, edge, isTest, isChosen) {
  context.beginPath();
  context.arc(x, y, isChosen ? 7 : 3.2, 0, 2 * Math.PI);
  if (isTest) {
    context.strokeStyle = edge === theme.ink ? edge : fill;
    context.lineWidth = 1.5;
    context.stroke();
  } else {
    context.fillStyle = fill;
    context.fill();
    context.strokeStyle = isChosen ? theme.ink : edge;
    context.lineWidth = isChosen ? 2.5 : 0.8;
    context.stroke();
  }
}

function number(value, digits = 4) {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
  return value.toFixed(size >= 100 ? 1 : digits);
}

// Draw curves over epochs: columns of a table of rows of five.
function drawCurves(canvas, table, columns, top) {
  const [context, width, height] = sharp(canvas);
  const rows = table.length / 5, left = 40, bottom = 16;
  const last = rows ? table[5 * (rows - 1)] : 0;
  let high = top || 0;
  if (!top) {
    let first = 0;
    for (const column of columns) {
      first = Math.max(first, table[column] || 0);
      for (let i = 0; i < rows; i++) high = Math.max(high, table[5 * i + column] || 0);
    }
    high = (Math.min(high, 2 * first) || high || 1) * 1.05;
  }
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = theme.faint;
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  for (const part of [0, 0.5, 1]) {
    const y = 6 + (1 - part) * (height - bottom - 8);
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(width, y);
    context.stroke();
    context.textAlign = "right";
    context.fillText(number(part * high, high < 0.1 ? 3 : 2), left - 4, y + 4);
  }
  context.fillText(last === Math.round(last) ? last.toLocaleString("en") : last.toFixed(2), width, height - 3);
  context.textAlign = "left";
  context.fillText("0", left, height - 3);
  columns.forEach((column, k) => {
    context.strokeStyle = k ? theme.test : theme.train;
    context.lineWidth = 1.8;
    context.beginPath();
    for (let i = 0; i < rows; i++) {
      const x = left + (last ? table[5 * i] / last : 0) * (width - left);
      const y = 6 + (1 - Math.min(1, table[5 * i + column] / high)) * (height - bottom - 8);
      context.lineTo(x, y);
    }
    context.stroke();
  });
}
