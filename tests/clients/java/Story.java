// The README's story with an upload, told by a client that openapi-generator made out of the OpenAPI document.
import java.io.File;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.CheckpointsApi;
import org.openapitools.client.api.DatasetsApi;
import org.openapitools.client.api.ExperimentsApi;
import org.openapitools.client.model.*;

public class Story {
  static void check(boolean holds, Object what) {
    if (!holds) throw new AssertionError(what);
  }

  /** Calls an operation with its first parameters; those that it gains later are null. */
  @SuppressWarnings("unchecked")
  static <T> T call(Object api, String operation, Object... first) throws Exception {
    Method method =
        Arrays.stream(api.getClass().getMethods())
            .filter(each -> each.getName().equals(operation))
            .min(Comparator.comparing(Method::getParameterCount))
            .orElseThrow();
    return (T) method.invoke(api, Arrays.copyOf(first, method.getParameterCount()));
  }

  public static void main(String[] arguments) throws Exception {
    ApiClient client = new ApiClient();
    client.updateBaseUri(arguments[0]);
    DatasetsApi datasets = new DatasetsApi(client);
    ExperimentsApi experiments = new ExperimentsApi(client);

    StringBuilder table = new StringBuilder("width,height,label\n");
    for (int row = 0; row < 60; row++) {
      table.append(row % 7).append(',').append(row * 3 % 11).append(',').append(row % 7 > 3 ? "yes\n" : "no\n");
    }
    Path file = Files.writeString(Files.createTempFile("table", ".csv"), table);
    UploadedDatasetRead uploaded =
        call(datasets, "createDataset", file.toFile(), "label", "from Java", Format.CSV);
    while (true) {
      UploadedDatasetRead found = (UploadedDatasetRead) datasets.getDataset(uploaded.getId()).getActualInstance();
      if (found.getFinishedAt() != null) {
        check(found.getStatus() == UploadedDatasetStatus.READY, found);
        break;
      }
      Thread.sleep(50);
    }

    Layer layer = new Layer().units(4).activation(new Activation(ActivationName.TANH));
    ExperimentCreate wanted =
        new ExperimentCreate()
            .dataset(uploaded.getId())
            .architecture(List.of(new ExperimentCreateArchitectureInner(8), new ExperimentCreateArchitectureInner(layer)))
            .penalty(Penalty.L2)
            .lambda(0.01)
            .optimizer(new Optimizer(new OptimizerAnyOf(new Adam().name(Adam.NameEnum.ADAM).learningRate(0.01))))
            .classWeight(Map.of("0", 2))
            .maxEpochs(5)
            .seed(Long.MAX_VALUE);
    ExperimentRead found = experiments.createExperiment(wanted, "from-java");
    while (found.getFinishedAt() == null) {
      Thread.sleep(100);
      found = experiments.getExperiment(found.getId(), null, null);
    }
    check(found.getStopReason() == StopReason.MAX_EPOCHS, found);
    check(found.getSpec().getSeed() == Long.MAX_VALUE, found.getSpec());
    check(found.getSpec().getArchitecture().get(1).getUnits() == 4, found.getSpec());
    check(found.getSpec().getOptimizer().getAdamRead().getBeta1() == 0.9, found.getSpec());
    CurveRead curve = call(experiments, "getExperimentMetrics", found.getId(), null, null, List.of("val_loss"));
    check(curve.getValLoss().size() == 5, curve);
    File weights =
        new CheckpointsApi(client).getCheckpointContent(found.getId(), "best", GetCheckpointContentFormat.NPZ, null);
    check(Files.readAllBytes(weights.toPath())[0] == 'P', weights);
    System.out.println("told");
  }
}
