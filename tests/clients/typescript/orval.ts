// The README's story with an upload, told by a client that orval made out of the OpenAPI document.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createDataset, createExperiment, getCheckpointContent, getDataset, getExperiment, getExperimentMetrics } from "./orval/trainyard";
import type { ExperimentCreate, ExperimentRead } from "./orval/trainyard.schemas";

// Without a base URL of its own, orval asks for paths, as a page of the service itself would.
const fetched = globalThis.fetch;
globalThis.fetch = (path, options) => fetched(`${process.argv[2] ?? "http://127.0.0.1:8000"}${String(path)}`, options);

async function trained(body: ExperimentCreate): Promise<ExperimentRead> {
  const made = await createExperiment(body);
  assert.ok(made.status === 201);
  let found = made.data;
  while (!found.finished_at) {
    await sleep(100);
    const answer = await getExperiment(found.id);
    assert.ok(answer.status === 200);
    found = answer.data as ExperimentRead;
  }
  return found;
}

const table = ["width,height,label", ...Array.from({ length: 60 }, (_, row) => `${row % 7},${(row * 3) % 11},${row % 7 > 3 ? "yes" : "no"}`)];
const file = new File([table.join("\n")], "table.csv", { type: "text/csv" });

async function story(): Promise<void> {
  const uploaded = await createDataset({ file, target: "label" });
  assert.ok(uploaded.status === 201 || uploaded.status === 200);
  let dataset = await getDataset(uploaded.data.id);
  while (dataset.status === 200 && dataset.data.status === "validating") {
    await sleep(50);
    dataset = await getDataset(uploaded.data.id);
  }
  assert.ok(dataset.status === 200 && dataset.data.status === "ready");

  const wanted: ExperimentCreate = {
    dataset: uploaded.data.id,
    architecture: [8, { units: 4, activation: "tanh" }],
    penalty: "l1",
    lambda: 0.1,
    optimizer: { name: "adam", learning_rate: 0.01 },
    split: null,
    max_epochs: 5,
    seed: 1,
  };
  const done = await trained(wanted);
  assert.equal(done.stop_reason, "max_epochs");
  const optimizer = done.spec.optimizer;
  assert.ok(optimizer?.name === "adam" && optimizer.beta1 === 0.9);
  const curve = await getExperimentMetrics(done.id, { names: ["val_loss"] });
  assert.ok(curve.status === 200 && typeof curve.data === "object" && curve.data.val_loss?.length === 5);
  const weights = await getCheckpointContent(done.id, "best", { format: "json" });
  assert.equal(weights.status, 200);
  console.log("told");
}

void story();
