import java.nio.file.Path;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.connectors.ConnectorPortRegister;
import org.neo4j.configuration.connectors.ConnectorType;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/** Neo4j Community with Bolt on a free loopback port, which it prints, and without authentication. */
public final class Launcher {
  public static void main(String[] arguments) throws Exception {
    var service =
        new DatabaseManagementServiceBuilder(Path.of(arguments[0]))
            .setConfig(BoltConnector.enabled, true)
            .setConfig(BoltConnector.listen_address, new SocketAddress("127.0.0.1", 0))
            .setConfig(GraphDatabaseSettings.auth_enabled, false)
            .setConfig(GraphDatabaseSettings.pagecache_memory, Long.getLong("pages.mib", 64L) << 20)
            .build();
    var database = (GraphDatabaseAPI) service.database("neo4j");
    var ports = database.getDependencyResolver().resolveDependency(ConnectorPortRegister.class);
    System.out.println("bolt port " + ports.getLocalAddress(ConnectorType.BOLT).getPort());
    while (System.in.read() >= 0) {} // the tests' end is ours, however they end
    Runtime.getRuntime().halt(0); // an orderly end takes ten seconds, and nobody needs the data
  }
}
