"""
Tests of daemons of several processes that share a real database server.
"""

from tests.functional.daemons import get
from tests.functional.races import RacingWorkersContract
from tests.functional.working import WorkersCase, children
from tests.integration.test_databases import ServerMixin


class ServerWorkersContract(RacingWorkersContract, ServerMixin):
    """
    Several processes, each of which opens the database itself.
    """

    def setUp(self):
        super().setUp()
        self.open(1).dispose()
        self.place.configure(workers=2, sql_connection=self.server.url)

    def test_processes(self):
        """
        There is none for the registry, whose port each of them serves.
        """
        running = self.start_all()
        self.assertEqual(len(children(running.process.pid)), 2)
        image = self.post(b"data")
        for _ in range(6):
            there = get(f"{self.place.registry}/images/{image['id']}")
            self.assertEqual(there[0], 200)

    def test_database_restarts(self):
        """
        While the database is down clients are told to come again; once it is
        back, all goes on, in the same processes.
        """
        running = self.start_all()
        workers = self.workers(running)
        image = self.post(b"data")
        url = f"{self.place.api}/v1/images/{image['id']}"
        self.server.kill()
        try:
            statuses = {get(url)[0] for _ in range(6)}
        finally:
            self.server.start()
        self.assertEqual(statuses, {503})
        for _ in range(6):
            self.assertEqual(get(url)[0], 200)
        self.assertEqual(self.workers(running), workers)


class PostgreSQLWorkersTests(ServerWorkersContract, WorkersCase):
    """
    Several processes with PostgreSQL.
    """

    kind = "postgres"


class MariaDBWorkersTests(ServerWorkersContract, WorkersCase):
    """
    Several processes with MariaDB.
    """

    kind = "mariadb"
