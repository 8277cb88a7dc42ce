"""
Tests of quotas with a real database server.
"""

from tests.functional.crashing import CrashCase
from tests.functional.quotas import QuotasContract
from tests.integration.test_databases import ServerMixin


class ServerQuotasContract(QuotasContract, ServerMixin):
    """
    Two processes, each of which opens the database itself.
    """

    def setUp(self):
        self.open(1).dispose()
        super().setUp()

    def configure(self, place=None, **options):
        """
        Write the configuration of daemons that have a server.
        """
        return super().configure(place, sql_connection=self.server.url, **options)


class PostgreSQLQuotaTests(ServerQuotasContract, CrashCase):
    """
    Quotas with PostgreSQL.
    """

    kind = "postgres"


class MariaDBQuotaTests(ServerQuotasContract, CrashCase):
    """
    Quotas with MariaDB.
    """

    kind = "mariadb"
