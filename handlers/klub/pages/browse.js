"use strict";
// With a script a form sends JSON, any method and a credential; without one it is a plain POST.
const credential = document.querySelector("#credential");
const answer = document.querySelector("#answer");
const statusLine = document.querySelector("#status");
const text = document.querySelector("#text");

for (const hidden of document.querySelectorAll("[data-script]")) hidden.hidden = false;

async function call(method, body) {
  const headers = { Accept: "application/json" };
  if (credential.value.trim()) headers.Authorization = credential.value.trim();
  if (typeof body === "string") headers["Content-Type"] = "application/json";
  statusLine.textContent = "…";
  try {
    const response = await fetch(location.href, { method, headers, body });
    const sent = await response.text();
    statusLine.textContent = `HTTP ${response.status} ${response.statusText}`;
    statusLine.classList.toggle("bad", !response.ok);
    text.textContent = sent ? pretty(sent) : "(an empty body)";
  } catch {
    statusLine.textContent = "The server could not be reached.";
  }
  answer.scrollIntoView();
}

function pretty(sent) {
  try { return JSON.stringify(JSON.parse(sent), null, 2); } catch { return sent; }
}

function read(form) {
  const found = {};
  for (const field of form.elements) {
    if (!field.name || field.value === "") continue;
    if (field.type === "file") return new FormData(form);
    found[field.name] = field.dataset.json === undefined ? field.value : JSON.parse(field.value);
  }
  return JSON.stringify(found);
}

// Nothing without a script could send the credential: so the form around its field is made here.
const fields = document.querySelector("#credential-fields");
const sender = document.createElement("form");
sender.dataset.method = "GET";
sender.append(...fields.childNodes);
fields.replaceWith(sender);
credential.type = "password";

for (const form of document.querySelectorAll("form[data-method]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const method = form.dataset.method;
    let body;
    try {
      body = method === "GET" || method === "DELETE" ? undefined : read(form);
    } catch (error) {
      statusLine.textContent = `A field holds no JSON: ${error.message}`;
      answer.scrollIntoView();
      return;
    }
    call(method, body);
  });
}
