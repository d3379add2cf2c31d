// Swagger UI with the document of a dialect; where demo people are, calls go out as one of them.

import { nameControls } from "./docs_names.js";

const MINUTES = 60_000;
const SCHEMES = { knowme: "token", klub: "user", comics: "key", pybossa: "key", site: "any" };
const CSRF_FORM = "/account/forgot-password?response_format=json";

const place = document.getElementById("api");
const select = document.getElementById("person");
const dialect = place.dataset.dialect;
let people = [];
let asked = 0;
let ui = null;
let authorized = false;
const known = new Set(); // secrets that were filled in

async function fetchJson(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  return response.ok ? response.json() : null;
}

async function fetchPeople() {
  asked = Date.now();
  return (await fetchJson("/demo/people.json").catch(() => null))?.people ?? [];
}

function person() {
  return people[Number(select.value)] ?? null;
}

// The value of the header Authorization; Flux has a secret in bodies instead.
function credential() {
  const found = person()?.credentials ?? {};
  return dialect === "site" ? found.knowme : found[dialect];
}

function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })));
}

// The document as this person needs it: calls go where the page is from, tokens are added to them, and
// Flux's secrets, which are fields of bodies, are theirs. (Nobody deletes themselves by a click.)
function fit(original) {
  const fitted = structuredClone(original);
  fitted.servers = [{ url: location.origin }];
  for (const { path, operation } of operationsOf(fitted)) {
    for (const parameter of operation.parameters) {
      if (parameter.name === "X-CSRFToken") parameter.required = false;
    }
    const example = operation.requestBody?.content["application/json"]?.example;
    if (example && "s" in example && !path.endsWith("/delete_user")) {
      known.add(example.s);
      example.s = secret() ?? example.s;
      known.add(example.s);
    }
  }
  return fitted;
}

function secret() {
  return dialect === "flux" ? credential() : null;
}

// Bodies that are open keep what was typed into them, but for the secret.
function swap(fitted) {
  for (const { path, method, operation } of operationsOf(fitted)) {
    const written = ui.oas3Selectors.requestBodyValue(path, method);
    const own = operation.requestBody?.content["application/json"]?.example?.s;
    if (typeof written !== "string" || !own || path.endsWith("/delete_user")) continue;
    const value = [...known].reduce((text, former) => text.replaceAll(former, own), written);
    ui.oas3Actions.setRequestBodyValue({ value, pathMethod: [path, method] });
  }
}

async function addToken(request) {
  const page = await fetchJson(CSRF_FORM);
  request.headers["X-CSRFToken"] = page.form.csrf;
}

// Klub's tokens end after five minutes: a page that was left open asks for fresh ones.
async function refresh(request) {
  if (Date.now() - asked < 4 * MINUTES || !credential()) return;
  const former = credential();
  people = await fetchPeople();
  if (request.headers.Authorization === former) request.headers.Authorization = credential();
}

async function prepare(request) {
  if (dialect === "klub") await refresh(request);
  if (dialect === "pybossa" && request.method === "POST" && !request.headers["X-CSRFToken"]) await addToken(request);
  return request;
}

function authorize() {
  const scheme = SCHEMES[dialect];
  if (!scheme) return;
  if (authorized) ui.authActions.logout([scheme]);
  const value = credential();
  authorized = Boolean(value);
  if (value) ui.preauthorizeApiKey(scheme, dialect === "klub" ? value.replace(/^Bearer /, "") : value);
}

function tell() {
  const who = person();
  const words = { flux: "the secret s is filled in", site: "with Know Me’s credential" };
  document.getElementById("credential").textContent = who ? `${who.about ?? ""} — ${words[dialect] ?? "the credential is filled in"}.` : "";
}

function list() {
  const nobody = new Option("nobody", "-1");
  select.replaceChildren(...people.map((each, index) => new Option(`${each.name} (${each.email})`, index)), nobody);
  document.getElementById("calling").hidden = people.length === 0;
}

function change(original) {
  tell();
  if (dialect !== "flux") {
    authorize();
    return;
  }
  const fitted = fit(original);
  ui.specActions.updateSpec(JSON.stringify(fitted));
  swap(fitted);
}

async function start() {
  const original = await fetchJson(`/openapi/${dialect}.json`);
  people = await fetchPeople();
  list();
  tell();
  nameControls(place);
  ui = window.SwaggerUIBundle({
    domNode: place,
    spec: fit(original),
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    requestInterceptor: prepare,
    onComplete: authorize,
  });
  select.addEventListener("change", () => change(original));
}

start();
