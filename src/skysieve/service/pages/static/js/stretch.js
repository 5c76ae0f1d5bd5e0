// From pixel values to grey levels. Pixels that are not finite are missing and take no part.

export const stretchNames = ["linear", "asinh", "log", "zscale"];

const SAMPLE = 2000; // of zscale
const CONTRAST = 0.25;
const SOFTENING = 3; // of asinh, in units of the noise

// Return 256 levels for an image; `missing` is 1 where there is no value.
export function stretched(values, name, inverted) {
  const finite = sorted(values);
  const levels = new Uint8Array(values.length);
  const missing = new Uint8Array(values.length);
  const bend = finite.length ? curve(finite, name) : () => 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    if (!Number.isFinite(value)) {
      missing[at] = 1;
      continue;
    }
    const level = Math.round(255 * Math.min(1, Math.max(0, bend(value))));
    levels[at] = inverted ? 255 - level : level;
  }
  return { levels, missing };
}

function sorted(values) {
  return values.filter(Number.isFinite).sort();
}

function quantile(ordered, share) {
  const place = share * (ordered.length - 1);
  const left = Math.floor(place);
  const right = Math.min(left + 1, ordered.length - 1);
  return ordered[left] + (ordered[right] - ordered[left]) * (place - left);
}

function noise(ordered) {
  const middle = quantile(ordered, 0.5);
  const apart = ordered.map((value) => Math.abs(value - middle)).sort();
  return { middle, sigma: 1.4826 * quantile(apart, 0.5) || (ordered.at(-1) - ordered[0]) / 6 || 1 };
}

function between(low, high, bend = (value) => value) {
  const [from, to] = [bend(low), bend(high)];
  const width = to - from || 1;
  return (value) => (bend(Math.min(Math.max(value, low), high)) - from) / width;
}

function curve(ordered, name) {
  if (name === "zscale") return between(...zscale(ordered));
  const [low, high] = [quantile(ordered, 0.005), quantile(ordered, 0.998)];
  if (name === "linear") return between(low, high);
  const { middle, sigma } = noise(ordered);
  if (name === "log") return between(low, high, (value) => Math.log10(1 + Math.max(0, value - low) / sigma));
  return between(low, high, (value) => Math.asinh((value - middle) / (SOFTENING * sigma)));
}

// The limits of IRAF's zscale: a line through the sorted pixels, without what lies far from it.
function zscale(ordered) {
  const step = Math.max(1, Math.floor(ordered.length / SAMPLE));
  const sample = ordered.filter((_, at) => at % step === 0);
  const count = sample.length;
  let kept = new Array(count).fill(true);
  let left = count;
  let line = { slope: 0, start: quantile(sample, 0.5) };
  for (let round = 0; round < 5 && left >= Math.max(5, count / 2); round += 1) {
    line = fit(sample, kept);
    const apart = sample.map((value, at) => value - line.start - line.slope * at);
    const scatter = Math.sqrt(apart.reduce((sum, each, at) => sum + (kept[at] ? each * each : 0), 0) / left);
    kept = apart.map((each) => Math.abs(each) <= 2.5 * scatter);
    const now = kept.filter(Boolean).length;
    if (now === left) break;
    left = now;
  }
  if (left < Math.max(5, count / 2)) return [sample[0], sample[count - 1]];
  const [middle, half] = [(count - 1) / 2, quantile(sample, 0.5)];
  const slope = line.slope / CONTRAST;
  return [Math.max(sample[0], half - middle * slope), Math.min(sample[count - 1], half + middle * slope)];
}

function fit(values, kept) {
  let [count, x, y, xx, xy] = [0, 0, 0, 0, 0];
  for (let at = 0; at < values.length; at += 1) {
    if (!kept[at]) continue;
    count += 1;
    x += at;
    y += values[at];
    xx += at * at;
    xy += at * values[at];
  }
  const slope = (count * xy - x * y) / (count * xx - x * x || 1);
  return { slope, start: (y - slope * x) / count };
}
