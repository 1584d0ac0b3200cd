"use strict";
document.querySelector(".origin").textContent = window.location.origin;
