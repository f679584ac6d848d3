import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.ingest.common.IngestCommonPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.script.mustache.MustachePlugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node on loopback for tests: {@code OpenSearchNode HOME PORT}, without security or discovery.
 *
 * <p>HOME keeps its data. With port 0 the system chooses one; which it is, is in HOME/port once the node listens. The
 * node ends when its standard input does, so that it does not outlive whoever started it.
 */
public final class OpenSearchNode extends Node {
    private static final List<Class<? extends Plugin>> MODULES = List.of(
            Netty4Plugin.class, CommonAnalysisPlugin.class, IngestCommonPlugin.class,
            PainlessPlugin.class, ReindexPlugin.class, MustachePlugin.class,
            MapperExtrasPlugin.class);

    private OpenSearchNode(Settings settings) {
        super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "node"), MODULES, false);
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]).toAbsolutePath();
        OpenSearchNode node = new OpenSearchNode(settings(home, arguments[1]));
        node.start();
        announce(home, node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort());
        System.in.transferTo(OutputStream.nullOutputStream());
        node.close();
        node.awaitClose(10, TimeUnit.SECONDS);
        System.exit(0);
    }

    private static Settings settings(Path home, String port) {
        return Settings.builder()
                .put("path.home", home.toString())
                .put("path.repo", home.resolve("snapshots").toString())
                .put("cluster.name", "flowmart-test")
                .put("node.name", "node")
                .put("discovery.type", "single-node")
                .put("network.host", "127.0.0.1")
                .put("http.type", "netty4").put("transport.type", "netty4")
                .put("http.port", port).put("transport.port", "0")
                // A disk that is nearly full is not what a test is about.
                .put("cluster.routing.allocation.disk.threshold_enabled", "false")
                .build();
    }

    private static void announce(Path home, int port) throws Exception {
        // Renamed, so that nobody reads half of it.
        Path unfinished = Files.writeString(home.resolve("port.unfinished"), Integer.toString(port));
        Files.move(unfinished, home.resolve("port"), StandardCopyOption.ATOMIC_MOVE);
    }
}
