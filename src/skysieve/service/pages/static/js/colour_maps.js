// Colour maps: 256 colours each, from 64 that stand here in hexadecimal digits.
// Viridis and cividis are those of matplotlib (CC0); grey and heat are computed.

const VIRIDIS =
  "44015446075a470d6047136548186a481d6f482374482878472d7b46327e453781443b844240864045883e49893d4e8a3a538b38588c" +
  "365c8d34608d32648e31688e2f6c8e2d708e2c738e2a778e297b8e277f8e26828e24868e238a8d218e8d20928c1f968b1f9a8a1f9e89" +
  "1fa18721a58523a98326ad812ab07f2fb47c35b7793bbb7542be714ac16d52c5695ac86465cb5e6ece5877d15381d34d8bd64695d840" +
  "a0da39aadc32b5de2bc0df25cae11fd5e21adfe318eae51af4e61efde725";

const CIVIDIS =
  "00224e00255400285b002b62002e6a0030700533711235701a386f213b6e273e6e2d416d32436d36466c3b496c3f4c6c444f6c48526c" +
  "4c556c50576c545a6d575d6d5b606e5e636f62656f656870696b716c6e727071737374757777767a7a787e7d788280798683798a8678" +
  "8e8978928c78958f779992779d9576a19975a59c74a99f73ada272b1a570b6a96fbaac6dbfb06bc3b369c7b767ccba64d0be62d4c15f" +
  "d9c55cddc858e1cc55e6d051ead34cefd748f3db42f8df3cfde334fee838";

const grey = (at) => [at, at, at];
const heat = (at) => [Math.min(255, at * 2.4), Math.max(0, Math.min(255, (at - 84) * 1.9)), Math.max(0, (at - 178) * 3.3)];

function spread(digits) {
  const anchors = digits.match(/.{6}/g).map((six) => [0, 2, 4].map((from) => parseInt(six.slice(from, from + 2), 16)));
  return (at) => {
    const place = (at / 255) * (anchors.length - 1);
    const left = Math.min(Math.floor(place), anchors.length - 2);
    return anchors[left].map((level, band) => level + (anchors[left + 1][band] - level) * (place - left));
  };
}

function table(colour) {
  const levels = new Uint8ClampedArray(256 * 3);
  for (let at = 0; at < 256; at += 1) levels.set(colour(at), at * 3);
  return levels;
}

// By name: the colours, and the colour of a pixel that is missing, which the map itself never has.
export const colourMaps = {
  grey: { levels: table(grey), missing: [104, 58, 122] },
  viridis: { levels: table(spread(VIRIDIS)), missing: [120, 120, 120] },
  cividis: { levels: table(spread(CIVIDIS)), missing: [150, 70, 70] },
  heat: { levels: table(heat), missing: [70, 90, 140] },
};
export const mapNames = Object.keys(colourMaps);
