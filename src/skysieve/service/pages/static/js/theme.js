// The theme: light, dark, or what the system says. Kept in a cookie, so that the server sends the page in it.

const order = ["system", "light", "dark"];
const root = document.documentElement;

function show(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  document.querySelector("meta[name=color-scheme]").content = theme === "system" ? "light dark" : theme;
  for (const name of document.querySelectorAll("[data-theme-name]")) name.textContent = theme;
  for (const button of document.querySelectorAll("[data-theme-switch]")) button.title = `Theme: ${theme}`;
}

function keep(theme) {
  const age = theme === "system" ? 0 : 365 * 86400;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `skysieve_theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
}

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(root.dataset.theme ?? "system") + 1) % order.length];
    keep(next);
    show(next);
    document.dispatchEvent(new CustomEvent("themechange"));
  });
}
show(root.dataset.theme ?? "system");
