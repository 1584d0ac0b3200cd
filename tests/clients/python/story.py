"""The README's story, told by a client that openapi-python-client made out of the OpenAPI document."""

import sys
import time
from io import BytesIO
from typing import TypeVar

from trainyard import Client
from trainyard.api.checkpoints import get_checkpoint_content
from trainyard.api.datasets import create_dataset, get_dataset
from trainyard.api.events import get_experiment_events
from trainyard.api.experiments import (
    create_experiment,
    delete_experiment,
    get_experiment,
    get_experiment_metrics,
)
from trainyard.models import (
    L2,
    ActivationName,
    Adam,
    AdamRead,
    BinaryCrossEntropy,
    CheckpointEvent,
    DatasetForm,
    Divide,
    ExperimentCreate,
    ExperimentRead,
    GetCheckpointContentFormat,
    Given,
    InitName,
    L2Read,
    Layer,
    LayerRead,
    LeakyRelu,
    LossName,
    Normal,
    Penalty,
    Problem,
    Reduction,
    ScheduleName,
    Sgd,
    Split,
    SplitRead,
    UploadedDatasetRead,
)
from trainyard.types import File

Document = TypeVar("Document")
client = Client(base_url=sys.argv[1])


def there(document: Document | Problem | None) -> Document:
    assert document is not None
    assert not isinstance(document, Problem), document
    return document


def post(wanted: ExperimentCreate) -> ExperimentRead:
    return there(create_experiment.sync(client=client, body=wanted))


def ended(identifier: str) -> ExperimentRead:
    while True:
        found = get_experiment.sync(identifier, client=client)
        assert isinstance(found, ExperimentRead), found
        if found.finished_at is not None:
            return found
        time.sleep(0.1)


def story(**changes: object) -> ExperimentCreate:
    wanted = ExperimentCreate(
        dataset="mnist-mini",
        architecture=[30],
        activation=ActivationName.SIGMOID,
        loss=LossName.BINARY_CROSS_ENTROPY,
        init=InitName.LARGE,
        optimizer=Sgd(name="sgd", learning_rate=0.5),
        batch_size=10,
        max_epochs=100,
        seed=1,
    )
    for name, value in changes.items():
        setattr(wanted, name, value)
    return wanted


# 1. Overfit; and look at the curve.
plain = ended(post(story()).id)
assert plain.best is not None
assert plain.final is not None
assert isinstance(plain.best.val_loss, float)
assert isinstance(plain.final.val_loss, float)
assert plain.best.val_loss < plain.final.val_loss
curve = there(get_experiment_metrics.sync(plain.id, client=client, names=["val_loss"], max_points=12))
assert isinstance(curve.val_loss, list)
assert len(curve.val_loss) == len(curve.epoch) == 12

# 2. Penalize, 3. stop early, 4. make zeros.
l2 = post(story(penalty=Penalty.L2, lambda_=0.1))
patient = post(story(patience=10))
l1 = post(story(penalty=Penalty.L1, lambda_=0.1))
assert l2.spec.lambda_ == 0.1
assert l2.equivalents.keras.l2 > 0
assert ended(patient.id).stop_reason == "early_stopping"
sparse = ended(l1.id).best
assert sparse is not None
assert isinstance(sparse.zero_fraction, float)
assert sparse.zero_fraction > 0
better, worse = ended(l2.id).test, plain.test
assert better is not None
assert worse is not None
assert isinstance(better.accuracy, float)
assert isinstance(worse.accuracy, float)
assert better.accuracy > worse.accuracy

# 5. Take the weights along.
npz = GetCheckpointContentFormat.NPZ
weights = get_checkpoint_content.sync(plain.id, "best", client=client, format_=npz)
assert isinstance(weights, File)
assert weights.payload.read(2) == b"PK"

# 6. Bring data of one's own.
TABLE = "\n".join(f"{row % 7},{row * 3 % 11},{'yes' if row % 7 > 3 else 'no'}" for row in range(60))
file = File(payload=BytesIO(f"width,height,label\n{TABLE}".encode()), file_name="table.csv")
uploaded = there(create_dataset.sync(client=client, body=DatasetForm(file=file, target="label")))
while True:
    dataset = there(get_dataset.sync(uploaded.id, client=client))
    assert isinstance(dataset, UploadedDatasetRead)
    if dataset.finished_at is not None:
        break
    time.sleep(0.05)
own = ended(post(ExperimentCreate(dataset=uploaded.id, max_epochs=2)).id)
assert own.dataset.classes == ["no", "yes"]

# Everything that has several forms, at once, and what comes back in the same types.
odd = Layer(
    units=10,
    activation=LeakyRelu(name="leaky_relu", negative_slope=0.1),
    init=Normal(name="normal", std=0.1),
    penalty=L2(name="l2", lambda_=0.5),
)
forms = ExperimentCreate(
    dataset="digits",
    architecture=[20, odd],
    optimizer=Adam(name="adam", learning_rate=0.01),
    schedule=ScheduleName.COSINE,
    loss=BinaryCrossEntropy(name="binary_cross_entropy", reduction=Reduction.MEAN),
    scaling=Divide(divide_by=16),
    class_weight={"0": 2},
    split=Split(validation=0.3),
    max_epochs=2,
)
first = ended(post(forms).id)
assert isinstance(first.spec.optimizer, AdamRead)
assert first.spec.optimizer.beta1 == 0.9
assert isinstance(first.spec.architecture, list)
layer = first.spec.architecture[1]
assert isinstance(layer, LayerRead)
assert isinstance(layer.penalty, L2Read)
assert layer.penalty.lambda_ == 0.5
assert isinstance(first.spec.split, SplitRead)
assert first.spec.split.validation == 0.3

# Events are told apart by their type. They come as a list where a client says that it wants one.
wants_lists = client.with_headers({"Accept": "application/json"})
events = there(get_experiment_events.sync(plain.id, client=wants_lists, limit=1000))
assert any(isinstance(event, CheckpointEvent) and event.data.sha256 for event in events.data)

# What is impossible is refused with every wrong place.
wrong = story(init=Given(name="given", checkpoint="exp_00000000000000000000000000"), patience=-1)
refused = create_experiment.sync(client=client, body=wrong)
assert isinstance(refused, Problem)
assert refused.status == 422
assert "#/patience" in [error.pointer for error in refused.errors]

assert delete_experiment.sync_detailed(plain.id, client=client).status_code == 204
sys.stdout.write("told\n")
