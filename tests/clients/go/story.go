// The README's story with an upload, told by a client that openapi-generator made out of the OpenAPI document.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	trainyard "example.org/trainyard"
)

func must[T any](value T, _ any, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func check(holds bool, what any) {
	if !holds {
		panic(fmt.Sprintf("%+v", what))
	}
}


func main() {
	configuration := trainyard.NewConfiguration()
	configuration.Servers = trainyard.ServerConfigurations{{URL: os.Args[1]}}
	client := trainyard.NewAPIClient(configuration)
	background := context.Background()

	file, err := os.CreateTemp("", "*.csv")
	check(err == nil, err)
	var rows strings.Builder
	rows.WriteString("width,height,label\n")
	for row := 0; row < 60; row++ {
		label := "no"
		if row%7 > 3 {
			label = "yes"
		}
		fmt.Fprintf(&rows, "%d,%d,%s\n", row%7, row*3%11, label)
	}
	check(os.WriteFile(file.Name(), []byte(rows.String()), 0o600) == nil, file)

	uploaded := must(client.DatasetsAPI.CreateDataset(background).File(file).Target("label").Execute())
	for {
		found := must(client.DatasetsAPI.GetDataset(background, uploaded.Id).Execute())
		if found.UploadedDatasetRead.FinishedAt.IsSet() && found.UploadedDatasetRead.FinishedAt.Get() != nil {
			check(found.UploadedDatasetRead.Status == trainyard.UPLOADEDDATASETSTATUS_READY, found.UploadedDatasetRead)
			break
		}
		time.Sleep(50 * time.Millisecond)
	}

	units := int32(8)
	adam := trainyard.NewAdam("adam")
	adam.SetLearningRate(0.01)
	wanted := trainyard.NewExperimentCreate(uploaded.Id)
	wanted.SetArchitecture([]trainyard.ExperimentCreateArchitectureInner{{Int32: &units}, {Layer: trainyard.NewLayer(4)}})
	wanted.SetPenalty(trainyard.PENALTY_L2)
	wanted.SetLambda(0.01)
	wanted.SetOptimizer(trainyard.Optimizer{OptimizerAnyOf: &trainyard.OptimizerAnyOf{Adam: adam}})
	wanted.SetClassWeight(map[string]float64{"0": 2})
	wanted.SetMaxEpochs(5)
	wanted.SetSeed(1<<63 - 1)
	found := must(client.ExperimentsAPI.CreateExperiment(background).ExperimentCreate(*wanted).Execute())
	for found.FinishedAt.Get() == nil {
		time.Sleep(100 * time.Millisecond)
		found = must(client.ExperimentsAPI.GetExperiment(background, found.Id).Execute())
	}
	check(*found.StopReason.Get() == trainyard.STOPREASON_MAX_EPOCHS, found)
	check(*found.Spec.Seed.Get() == 1<<63-1, found.Spec)
	check(found.Spec.Architecture[1].Units == 4, found.Spec)
	check(*found.Spec.Optimizer.AdamRead.Beta1 == 0.9, found.Spec.Optimizer)
	name := "val_loss"
	curve := must(client.ExperimentsAPI.GetExperimentMetrics(background, found.Id).Names([]*string{&name}).Execute())
	check(len(curve.ValLoss) == 5, curve)
	fmt.Println("told")
}
