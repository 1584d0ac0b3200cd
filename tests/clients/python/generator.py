"""The README's story with an upload, told by a client that openapi-generator made out of the OpenAPI document."""

import sys
import time

import trainyard

configuration = trainyard.Configuration(host=sys.argv[1])
TABLE = "\n".join(f"{row % 7},{row * 3 % 11},{'yes' if row % 7 > 3 else 'no'}" for row in range(60))

with trainyard.ApiClient(configuration) as client:
    datasets = trainyard.DatasetsApi(client)
    experiments = trainyard.ExperimentsApi(client)

    uploaded = datasets.create_dataset(("table.csv", f"width,height,label\n{TABLE}".encode()), target="label")
    while datasets.get_dataset(uploaded.id).actual_instance.status == "validating":
        time.sleep(0.05)

    layer = trainyard.Layer(units=4, activation=trainyard.Activation(trainyard.ActivationName.TANH))
    sizes = [trainyard.ExperimentCreateArchitectureInner(each) for each in (8, layer)]
    adam = trainyard.OptimizerAnyOf(trainyard.Adam(name="adam", learning_rate=0.01))
    wanted = trainyard.ExperimentCreate(
        dataset=uploaded.id,
        architecture=sizes,
        penalty=trainyard.Penalty.L2,
        var_lambda=0.01,
        optimizer=trainyard.Optimizer(adam),
        class_weight={"0": 2},
        split=None,
        max_epochs=5,
        seed=2**63 - 1,
    )
    found = experiments.create_experiment(wanted)
    while found.finished_at is None:
        time.sleep(0.1)
        found = experiments.get_experiment(found.id)
    assert found.stop_reason == trainyard.StopReason.MAX_EPOCHS, found
    assert found.spec.seed == 2**63 - 1
    assert found.spec.architecture[1].units == 4
    assert found.spec.optimizer.actual_instance.beta1 == 0.9

    curve = experiments.get_experiment_metrics(found.id, names=["val_loss"])
    assert len(curve.val_loss) == 5
    kind = trainyard.GetCheckpointContentFormat.NPZ
    weights = trainyard.CheckpointsApi(client).get_checkpoint_content(found.id, "best", format=kind)
    assert bytes(weights[:2]) == b"PK"

sys.stdout.write("told\n")
