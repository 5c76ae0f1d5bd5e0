// The quarantine: choose all, and how many are chosen.

const form = document.querySelector("#kept");
const all = document.querySelector("#choose-all");
if (form && all) setUp();

function setUp() {
  const boxes = [...form.querySelectorAll("input[name=ids]")];
  const told = document.querySelector("#chosen");
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    told.textContent = count ? `${count} chosen` : "";
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  form.addEventListener("change", show);
}
