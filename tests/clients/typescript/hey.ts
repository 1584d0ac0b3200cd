// The README's story with an upload, told by a client that @hey-api/openapi-ts made out of the OpenAPI document.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { client } from "./hey/client.gen";
import { createDataset, createExperiment, getCheckpointContent, getDataset, getExperiment, getExperimentMetrics } from "./hey/sdk.gen";
import type { ExperimentCreate, ExperimentRead } from "./hey/types.gen";

client.setConfig({ baseUrl: process.argv[2] ?? "http://127.0.0.1:8000", throwOnError: true });

async function trained(body: ExperimentCreate): Promise<ExperimentRead> {
  let { data: found } = await createExperiment({ body, throwOnError: true });
  while (!found.finished_at) {
    await sleep(100);
    ({ data: found } = await getExperiment({ path: { experiment_id: found.id }, throwOnError: true }));
  }
  return found;
}

const table = ["width,height,label", ...Array.from({ length: 60 }, (_, row) => `${row % 7},${(row * 3) % 11},${row % 7 > 3 ? "yes" : "no"}`)];
const file = new File([table.join("\n")], "table.csv", { type: "text/csv" });

async function story(): Promise<void> {
  const { data: uploaded } = await createDataset({ body: { file, target: "label", task: "classification" }, throwOnError: true });
  let dataset = await getDataset({ path: { dataset_id: uploaded.id }, throwOnError: true });
  while (dataset.data.status === "validating") {
    await sleep(50);
    dataset = await getDataset({ path: { dataset_id: uploaded.id }, throwOnError: true });
  }
  assert.equal(dataset.data.status, "ready");

  const wanted: ExperimentCreate = {
    dataset: uploaded.id,
    architecture: [8, { units: 4, activation: "tanh" }],
    penalty: "l2",
    lambda: 0.01,
    optimizer: { name: "adam", learning_rate: 0.01 },
    class_weight: { "0": 2 },
    max_epochs: 5,
    seed: 1,
  };
  const done = await trained(wanted);
  assert.equal(done.stop_reason, "max_epochs");
  assert.equal(done.spec.architecture?.[1]?.units, 4);
  assert.ok(done.spec.optimizer?.name === "adam" && done.spec.optimizer.beta1 === 0.9);
  // The spec of an answer can be posted again.
  const again = await trained(done.spec);
  assert.equal(again.best?.val_loss, done.best?.val_loss);

  const path = { experiment_id: done.id };
  const curve = await getExperimentMetrics({ path, query: { names: ["val_loss"] }, throwOnError: true });
  assert.equal(curve.data.val_loss?.length, 5);
  const weights = await getCheckpointContent({ path: { ...path, kind: "best" }, query: { format: "npz" }, parseAs: "blob", throwOnError: true });
  assert.equal(await (weights.data as unknown as Blob).slice(0, 2).text(), "PK");
  console.log("told");
}

void story();
