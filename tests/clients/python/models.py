"""The answers of a service, read by the models that datamodel-code-generator made out of the OpenAPI document."""

import sys

import httpx
from trainyard_models import ExperimentCreate, ExperimentPlan

wanted = ExperimentCreate(
    dataset="digits", architecture=[8, {"units": 4}], optimizer={"name": "adam"}, max_epochs=2
)
# Fields that were not set are null in it.
answer = httpx.post(
    f"{sys.argv[1]}/v1/experiments/validate",
    content=wanted.model_dump_json(by_alias=True),
    headers={"Content-Type": "application/json"},
)
plan = ExperimentPlan.model_validate(answer.raise_for_status().json())
assert plan.spec.max_epochs == 2
assert plan.spec.architecture[1].units == 4
assert plan.spec.optimizer.root.beta1 == 0.9
sys.stdout.write("told\n")
