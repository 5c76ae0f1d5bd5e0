// Keys and what they do. The words of a taxonomy have their keys first; an action whose key is taken
// is reached by the next of its keys that is free.

export class Keys {
  constructor() {
    this.actions = new Map(); // name -> { keys, words, run, group }
    this.classes = new Map(); // key -> class
    this.enabled = true;
    this.unknown = () => {}; // told of keys that do nothing now
    document.addEventListener("keydown", (event) => this.pressed(event));
  }

  action(name, keys, words, run, group = "Page") {
    this.actions.set(name, { keys, words, run, group });
  }

  setClasses(classes, say) {
    this.classes = new Map(classes.filter((each) => each.key).map((each) => [each.key, each]));
    this.say = say;
  }

  // The keys that reach an action now.
  keysOf(name) {
    return this.actions.get(name).keys.filter((key) => !this.classes.has(key));
  }

  // Those of them to show: capitals are there for where the small letter is taken.
  shown(name) {
    const reached = this.keysOf(name);
    const spare = (key) => /^[A-Z]$/.test(key) && reached.includes(key.toLowerCase());
    return reached.filter((key) => !spare(key)).map(keyName);
  }

  pressed(event) {
    if (!this.enabled || event.defaultPrevented || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) return;
    const key = event.ctrlKey ? `Ctrl+${event.key.toLowerCase()}` : event.key;
    // Space and Enter belong to the button or link that has the focus.
    if ((key === " " || key === "Enter") && event.target.closest?.("button, a, summary, select")) return;
    const said = this.classes.get(key);
    if (said) {
      event.preventDefault();
      if (!event.repeat) this.say(said);
      return;
    }
    for (const [name, action] of this.actions) {
      if (!this.keysOf(name).includes(key)) continue;
      event.preventDefault();
      action.run(event);
      return;
    }
    this.unknown(key);
  }
}

export function keyName(key) {
  const names = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
  if (names[key]) return names[key];
  if (key.startsWith("Ctrl+")) return `Ctrl+${key.slice(5).toUpperCase()}`;
  return /^[A-Z]$/.test(key) ? `Shift+${key}` : key;
}

function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName)) return true;
  return target.tagName === "INPUT" && !["checkbox", "radio", "button", "submit", "range"].includes(target.type);
}
