// The table of metadata: what is typed above it leaves the rows that have it in their name, value or meaning.

export function setUpMetadata(root) {
  const input = root.querySelector("[data-metadata-search]");
  if (!input) return;
  const rows = [...root.querySelectorAll("[data-metadata] tr")];
  const fold = root.querySelector("[data-metadata-fold]");
  const none = root.querySelector("[data-metadata-none]");
  let all = false;
  input.closest("label").hidden = false;
  if (fold) {
    fold.hidden = false;
    fold.addEventListener("click", () => {
      all = !all;
      show();
    });
  }
  input.addEventListener("input", show);
  show();

  function show() {
    const words = input.value.trim().toLowerCase();
    let left = 0;
    for (const row of rows) {
      const fits = words ? row.textContent.toLowerCase().includes(words) : all || row.dataset.first !== undefined || !fold;
      row.hidden = !fits;
      left += fits ? 1 : 0;
    }
    none.hidden = left > 0 || rows.length === 0;
    if (fold) fold.textContent = all ? "Show the important ones only" : `Show all ${rows.length}`;
  }
}
