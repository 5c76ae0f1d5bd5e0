// The pixels of candidates: fetched once, ahead of being needed, the latest kept.

const KEPT = 300;
const AT_ONCE = 5;

const known = new Map(); // address -> promise of images
const waiting = [];
let running = 0;

// Return a promise of { channels: [{ name, height, width, values }], pixelScale, upright }.
export function pixelsOf(candidate) {
  const found = known.get(candidate.pixels);
  if (found) {
    known.delete(candidate.pixels);
    known.set(candidate.pixels, found); // now the latest
    promote(candidate.pixels);
    return found.promise;
  }
  return begin(candidate.pixels, true).promise;
}

// Fetch what will be wanted soon.
export function prefetch(candidates) {
  for (const { pixels } of candidates) if (pixels && !known.has(pixels)) begin(pixels, false);
}

function begin(address, urgent) {
  const entry = {};
  entry.promise = new Promise((resolve, reject) => {
    const task = { address, run: () => load(address).then(resolve, reject) };
    if (urgent) waiting.unshift(task);
    else waiting.push(task);
  });
  entry.promise.catch(() => known.delete(address)); // the next that wants it tries again
  known.set(address, entry);
  while (known.size > KEPT) known.delete(known.keys().next().value);
  pump();
  return entry;
}

function promote(address) {
  const place = waiting.findIndex((task) => task.address === address);
  if (place > 0) waiting.unshift(...waiting.splice(place, 1));
}

function pump() {
  while (running < AT_ONCE && waiting.length) {
    running += 1;
    waiting.shift().run().finally(() => {
      running -= 1;
      pump();
    });
  }
}

async function load(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(answer.status === 401 ? "signed out" : `the cutouts did not come (${answer.status})`);
  return unpack(await answer.arrayBuffer());
}

export function unpack(buffer) {
  const view = new DataView(buffer);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let from = 4 + length;
  const channels = header.channels.map(({ name, height, width }) => {
    const values = new Float32Array(buffer, from, height * width);
    from += 4 * values.length;
    return { name, height, width, values };
  });
  return { channels, pixelScale: header.pixel_scale, upright: header.upright };
}
