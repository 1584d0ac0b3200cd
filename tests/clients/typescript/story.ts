// The README's story, told by a client that openapi-typescript made out of the OpenAPI document.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./trainyard.js";

type Schemas = components["schemas"];
type Wanted = Schemas["ExperimentCreate"];
type Experiment = Schemas["ExperimentRead"];

// Of the forms in which an operation can answer, those that it gives without being asked for another.
type Form = "application/json" | "application/problem+json";
const client = createClient<paths, Form>({ baseUrl: process.argv[2] ?? "http://127.0.0.1:8000" });

async function post(body: Wanted): Promise<Experiment> {
  const { data, error } = await client.POST("/v1/experiments", { body });
  if (error) throw new Error(error.detail);
  return data;
}

async function ended(id: string): Promise<Experiment> {
  for (;;) {
    const { data, error } = await client.GET("/v1/experiments/{experiment_id}", { params: { path: { experiment_id: id } } });
    if (error) throw new Error(error.detail);
    if (data.finished_at) return data;
    await sleep(100);
  }
}

const story = {
  dataset: "mnist-mini",
  architecture: [30],
  activation: "sigmoid",
  loss: "binary_cross_entropy",
  init: "large",
  optimizer: { name: "sgd", learning_rate: 0.5 },
  batch_size: 10,
  max_epochs: 100,
  seed: 1,
} satisfies Wanted;

// 1. Overfit; and look at the curve.
const plain = await ended((await post(story)).id);
assert.equal(plain.stop_reason, "max_epochs");
assert.ok(plain.best?.val_loss && plain.final?.val_loss && plain.best.val_loss < plain.final.val_loss);
const path = { experiment_id: plain.id };
const curve = await client.GET("/v1/experiments/{experiment_id}/metrics", {
  params: { path, query: { names: ["val_loss"], max_points: 12 } },
});
assert.equal(curve.data?.val_loss?.length, curve.data?.epoch.length);

// 2. Penalize, 3. stop early, 4. make zeros.
const l2 = await post({ ...story, penalty: "l2", lambda: 0.1 });
const patient = await post({ ...story, patience: 10 });
const l1 = await post({ ...story, penalty: "l1", lambda: 0.1 });
assert.equal(l2.spec.lambda, 0.1);
assert.equal(typeof l2.equivalents.keras.l2, "number");
assert.ok(((await ended(l2.id)).test?.accuracy ?? 0) > (plain.test?.accuracy ?? 1));
assert.equal((await ended(patient.id)).stop_reason, "early_stopping");
assert.ok(((await ended(l1.id)).best?.zero_fraction ?? 0) > 0);

// 5. Take the weights along.
const weights = await client.GET("/v1/experiments/{experiment_id}/checkpoints/{kind}/content", {
  params: { path: { ...path, kind: "best" }, query: { format: "npz" } },
  parseAs: "arrayBuffer",
});
assert.deepEqual([...new Uint8Array(weights.data as ArrayBuffer).slice(0, 2)], [0x50, 0x4b]);

// 6. Bring data of one's own. A form is sent as one where it is given as one.
const rows = Array.from({ length: 60 }, (_, row) => `${row % 7},${(row * 3) % 11},${row % 7 > 3 ? "yes" : "no"}`);
const form = { file: new Blob([["width,height,label", ...rows].join("\n")]) as unknown as string, target: "label" };
const uploaded = await client.POST("/v1/datasets", {
  body: form,
  bodySerializer: (body) => {
    const fields = new FormData();
    for (const [name, value] of Object.entries(body)) fields.append(name, value as string | Blob);
    return fields;
  },
});
if (uploaded.error) throw new Error(uploaded.error.detail);
const dataset = uploaded.data.id;
while ((await client.GET("/v1/datasets/{dataset_id}", { params: { path: { dataset_id: dataset } } })).data?.status === "validating") await sleep(50);
const own = await ended((await post({ dataset, max_epochs: 2 })).id);
assert.deepEqual(own.dataset.classes, ["no", "yes"]);

// Everything that has several forms, at once, and the experiment that begins where another one ended.
const forms: Wanted = {
  dataset: "digits",
  architecture: [
    20,
    { units: 10, activation: { name: "leaky_relu", negative_slope: 0.1 }, init: { name: "normal", std: 0.1 }, penalty: { name: "l2", lambda: 0.5 } },
  ],
  activation: "tanh",
  optimizer: { name: "adam", learning_rate: 0.01 },
  schedule: { name: "cosine" },
  loss: "auto",
  scaling: { divide_by: 16 },
  class_weight: { "0": 2 },
  split: { validation: 0.3 },
  max_epochs: 2,
};
const first = await ended((await post(forms)).id);
const optimizer = first.spec.optimizer;
assert.ok(typeof optimizer === "object" && optimizer.name === "adam" && optimizer.beta1 === 0.9);
const next = await post({ ...forms, architecture: forms.architecture!, init: { name: "given", checkpoint: first.id } })
  .catch((problem: Error) => problem.message);
assert.match(String(next), /#\/architecture\/1\/init/);

// Events are told apart by their type.
const events = await client.GET("/v1/experiments/{experiment_id}/events", {
  params: { path }, headers: { Accept: "application/json" },
});
const last = events.data?.data.find((event) => event.type === "experiment.checkpoint");
assert.ok(last?.type === "experiment.checkpoint" && last.data.sha256);

// What is impossible does not compile; where it is sent all the same, the answer names every wrong place.
// @ts-expect-error There is no such field, and no such initializer.
const wrong: Wanted = { dataset: "digits", lamda: 0.1, init: "xavier" };
const refused = await client.POST("/v1/experiments", { body: wrong });
assert.equal(refused.response.status, 422);
assert.deepEqual(refused.error?.errors.map((each) => each.pointer).sort(), ["#/init", "#/lamda"]);

const gone = await client.DELETE("/v1/experiments/{experiment_id}", { params: { path } });
assert.equal(gone.response.status, 204);
console.log("told");
