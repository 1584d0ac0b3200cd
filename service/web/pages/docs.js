"use strict";
// Swagger UI has a dark palette; the page takes the one that the reader's system has.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const followSystem = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followSystem);
followSystem();

// A service that wants no keys says so by operations without a requirement of their own: nothing to authorize then.
const showWhetherKeysAreWanted = () => {
  const paths = Object.values(ui.specSelectors.specJson().get("paths").toJS());
  const wanted = paths.some((path) => Object.values(path).some((operation) => operation.security));
  document.documentElement.classList.toggle("without-keys", !wanted);
};

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  // Swagger UI has a validator on the internet by default; no layout of this page may ask it.
  validatorUrl: null,
  onComplete: showWhetherKeysAreWanted,
});
