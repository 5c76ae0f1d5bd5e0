// Draws an image on a canvas: every pixel a square, missing ones in a colour of their own.

import { colourMaps } from "./colour_maps.js";
import { stretched } from "./stretch.js";

const BAR_STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 300]; // arcsec

// look: { stretch, map, inverted, zoom, cross, overlay }
export function drawImage(canvas, image, { pixelScale, upright }, look) {
  const size = fit(canvas);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.fillStyle = "#000";
  context.fillRect(0, 0, size, size);
  const longer = Math.max(image.height, image.width);
  const scale = (size / longer) * look.zoom;
  const [width, height] = [image.width * scale, image.height * scale];
  const [left, top] = [(size - width) / 2, (size - height) / 2];
  context.drawImage(bitmap(image, upright, look), left, top, width, height);
  if (look.overlay) drawOverlay(context, look.overlay, [left, top, width, height], upright);
  if (look.cross) drawCross(context, size);
  if (pixelScale && size >= 150) drawBar(context, size, scale, pixelScale);
}

// Match the pixels of the canvas to those of the screen; return their number along a side.
function fit(canvas) {
  const wanted = Math.max(1, Math.round((canvas.clientWidth || canvas.width) * (window.devicePixelRatio || 1)));
  if (canvas.width !== wanted || canvas.height !== wanted) {
    canvas.width = wanted;
    canvas.height = wanted;
  }
  return wanted;
}

function bitmap({ values, height, width }, upright, { stretch, map, inverted }) {
  const { levels, missing } = stretched(values, stretch, inverted);
  const colours = colourMaps[map];
  const picture = new ImageData(width, height);
  for (let row = 0; row < height; row += 1) {
    const from = (upright ? row : height - 1 - row) * width;
    for (let column = 0; column < width; column += 1) {
      const at = from + column;
      const to = 4 * (row * width + column);
      for (let band = 0; band < 3; band += 1) {
        picture.data[to + band] = missing[at] ? colours.missing[band] : colours.levels[3 * levels[at] + band];
      }
      picture.data[to + 3] = 255;
    }
  }
  return onCanvas(picture);
}

function onCanvas(picture) {
  const small = document.createElement("canvas");
  small.width = picture.width;
  small.height = picture.height;
  small.getContext("2d").putImageData(picture, 0, 0);
  return small;
}

// What a scorer looked at: orange where it spoke for the score, blue where against.
function drawOverlay(context, { values, height, width }, place, upright) {
  const most = values.reduce((top, value) => (Number.isFinite(value) ? Math.max(top, Math.abs(value)) : top), 0) || 1;
  const picture = new ImageData(width, height);
  for (let row = 0; row < height; row += 1) {
    const from = (upright ? row : height - 1 - row) * width;
    for (let column = 0; column < width; column += 1) {
      const value = values[from + column] / most || 0;
      const to = 4 * (row * width + column);
      picture.data.set(value > 0 ? [240, 140, 20] : [50, 140, 255], to);
      picture.data[to + 3] = Math.round(190 * Math.min(1, Math.abs(value)) ** 0.8);
    }
  }
  context.imageSmoothingEnabled = true;
  context.drawImage(onCanvas(picture), ...place);
}

// A cross with a gap, so that what is in the middle can be seen.
function drawCross(context, size) {
  const line = Math.max(1, Math.round(size / 220));
  // On the grid of the screen, so that a thin line is not smeared over two pixels.
  const middle = Math.floor(size / 2) + (line % 2) / 2;
  const [gap, end] = [Math.round(size * 0.055), Math.round(size * 0.15)];
  for (const [colour, wide] of [["rgb(0 0 0 / 55%)", line + 2], ["#ffd166", line]]) {
    context.strokeStyle = colour;
    context.lineWidth = wide;
    context.beginPath();
    for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(middle + x * gap, middle + y * gap);
      context.lineTo(middle + x * end, middle + y * end);
    }
    context.stroke();
  }
}

function drawBar(context, size, scale, pixelScale) {
  const fits = BAR_STEPS.filter((seconds) => (seconds / pixelScale) * scale <= size * 0.38);
  if (!fits.length) return;
  const seconds = fits.at(-1);
  const long = (seconds / pixelScale) * scale;
  const [x, y, text] = [size * 0.05, size * 0.95, Math.round(Math.min(Math.max(10, size / 22), 15 * (window.devicePixelRatio || 1)))];
  context.font = `600 ${text}px sans-serif`;
  const words = `${seconds}″`;
  const box = [x - 0.4 * text, y - 1.75 * text, Math.max(long, context.measureText(words).width) + 0.8 * text, 2.2 * text];
  context.fillStyle = "rgb(0 0 0 / 45%)";
  context.fillRect(...box);
  context.fillStyle = "#fff";
  context.fillRect(x, y, long, Math.max(2, size / 150));
  context.fillText(words, x, y - 0.45 * text);
}
