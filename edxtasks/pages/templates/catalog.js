// The search: entries stay that have all words typed in their name, description or columns.
const form = document.querySelector("form.search");
const input = form.querySelector("input");
const told = form.querySelector("#matches");
const rows = new Map([...document.querySelectorAll("tr[data-entry]")].map((row) => [row.dataset.entry, row]));
const entries = [...document.querySelectorAll("article.entry")].map((node) => ({
  node,
  row: rows.get(node.id),
  text: [...node.querySelectorAll("[data-search]")].map((one) => one.textContent).join("\n").toLowerCase(),
}));
const search = () => {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { node, row, text } of entries) {
    const shown = words.every((word) => text.includes(word));
    node.hidden = row.hidden = !shown;
    count += shown;
  }
  told.textContent = words.length ? `${count} of ${entries.length} tables` : "";
};
// A link may lead to a table that the search has hidden, or to a column of one.
const arrive = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.closest("[hidden]")) {
    input.value = "";
    search();
    target.scrollIntoView();
  }
};
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
input.addEventListener("input", search);
addEventListener("hashchange", arrive);
if (input.value) search();
