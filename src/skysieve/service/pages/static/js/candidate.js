// The page of one candidate: its cutouts drawn as the person wants them, the metadata searched.

import { make } from "./dom.js";
import { Keys } from "./keys.js";
import { Look } from "./look.js";
import { setUpMetadata } from "./metadata_search.js";
import { drawImage } from "./picture.js";
import { pixelsOf, unpack } from "./pixels.js";

const place = document.querySelector("#cutouts");
setUpMetadata(document.querySelector("#metadata"));
if (place) setUpCutouts();

async function setUpCutouts() {
  const look = new Look(document.querySelector("#look"), place.dataset.kind);
  look.register(new Keys());
  const images = await pixelsOf({ pixels: place.dataset.pixels });
  let overlay = null;
  const canvases = images.channels.map((image) => {
    const figure = place.querySelector(`[data-channel="${CSS.escape(image.name)}"]`);
    const canvas = make("canvas", { role: "img", "aria-label": `${image.name} cutout` });
    figure.querySelector("img").replaceWith(canvas);
    return { image, canvas };
  });
  const draw = () => {
    if (look.overlay && !overlay) askOverlay();
    const shown = look.overlay ? overlay : null;
    for (const { image, canvas } of canvases) drawImage(canvas, image, images, { ...look.drawn, overlay: shown });
  };

  async function askOverlay() {
    const answer = await fetch(place.dataset.pixels.replace(/pixels.*/, "explanation"), { credentials: "same-origin" });
    if (!answer.ok) {
      look.setOverlay(false);
      return;
    }
    [overlay] = unpack(await answer.arrayBuffer()).channels;
    draw();
  }

  look.addEventListener("change", draw);
  new ResizeObserver(draw).observe(place);
  draw();
  place.dataset.drawn = "yes";
}
