"""
What a L{DatabaseRegistry} does when many use it at once.
"""

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.task import Clock
from twisted.python.threadpool import ThreadPool

from glance.deferreds import Threads
from glance.errors import ImageChanged, ImageExists, QuotaExceeded
from glance.image import Status
from glance.limits import Quota, Usage
from glance.registry.database import DatabaseRegistry
from tests.registry.images import NOON, image
from tests.registry.quotas import active, given_up, saving

CALLERS = 24
"""
How many change images at once.
"""

CHANGES = 1200
"""
How many changes they make together.
"""


async def change(registry, image_id, f):
    """
    Change an image, as often as others are faster.
    """
    while True:
        old = await registry.get(image_id)
        try:
            return await registry.replace(old, f(old))
        except ImageChanged:
            continue


def counted(image):
    """
    Get an image whose count is one more.
    """
    count = int(image.properties["count"]) + 1
    return evolve(image, properties={"count": str(count)})


class RacingContract:
    """
    What a L{DatabaseRegistry} does when many use it at once, in real threads.

    A test case that inherits this defines C{open} and C{reopen}, and is a
    L{twisted.trial.unittest.TestCase}.
    """

    timeout = 300

    def open(self, connections):
        """
        Open a database that is empty.
        """
        raise NotImplementedError

    def reopen(self, connections):
        """
        Open the same database once more, as another process would.
        """
        raise NotImplementedError

    def make_registry(self, engines):
        """
        Make a registry as a daemon has it.
        """
        return DatabaseRegistry(
            engines,
            self.threads(engines.readers),
            self.threads(engines.writers),
            Clock(),
        )

    def threads(self, number):
        """
        Start that many threads.
        """
        from twisted.internet import reactor

        pool = ThreadPool(number, number)
        pool.start()
        self.addCleanup(pool.stop)
        return Threads(reactor, pool)

    def all_at_once(self, coroutines):
        """
        Run coroutines; wait for all.
        """
        return gatherResults(map(Deferred.fromCoroutine, coroutines), True)

    async def test_no_update_is_lost(self):
        """
        Of many changes of few images at the same time, none is lost.
        """
        registry = self.make_registry(self.open(4))
        ids = [image(n).id for n in range(4)]
        for n in range(4):
            await registry.create(image(n, properties={"count": "0"}))

        async def call(caller):
            for n in range(CHANGES // CALLERS):
                await change(registry, ids[(caller + n) % 4], counted)

        await self.all_at_once(call(caller) for caller in range(CALLERS))
        images = [await registry.get(each) for each in ids]
        self.assertEqual(sum(int(i.properties["count"]) for i in images), CHANGES)
        self.assertEqual(sum(each.revision for each in images), CHANGES)

    async def test_one_wins(self):
        """
        Of many that change the same revision, one wins, and its change is
        whole.
        """
        registry = self.make_registry(self.open(4))
        old = await registry.create(image(1))

        async def attempt(old, name):
            tags = frozenset({name, "all"})
            try:
                return await registry.replace(old, evolve(old, name=name, tags=tags))
            except ImageChanged:
                return None

        for turn in range(15):
            names = [f"{turn}-{n}" for n in range(12)]
            tried = await self.all_at_once(attempt(old, name) for name in names)
            (old,) = [each for each in tried if each is not None]
            self.assertEqual(await registry.get(old.id), old)

    async def test_one_is_made(self):
        """
        Of many that make an image of the same id, one does.
        """
        registry = self.make_registry(self.open(4))

        async def attempt(n, name):
            try:
                return await registry.create(image(n, name=name))
            except ImageExists:
                return None

        for turn in range(10):
            made = await self.all_at_once(attempt(turn, f"{n}") for n in range(8))
            (new,) = [each for each in made if each is not None]
            self.assertEqual(await registry.get(new.id), new)

    async def test_leases_at_once(self):
        """
        A lease that is renewed twice at the same time is renewed.
        """
        registry = self.make_registry(self.open(4))
        for turn in range(10):
            await gatherResults(
                [registry.renew(f"process-{turn}", 30) for _ in range(6)], True
            )

    async def test_purges_at_once(self):
        """
        Two that purge at the same time do not count an image twice.
        """
        registry = self.make_registry(self.open(4))
        for n in range(40):
            await registry.create(image(n, status=Status.DELETED, deleted_at=NOON))
        purges = [registry.purge(image(1).created_at, 10) for _ in range(8)]
        self.assertEqual(sum(await gatherResults(purges, True)), 40)

    async def test_two_daemons(self):
        """
        Two processes that use the same database lose no update either, while
        a third purges.
        """
        first = self.make_registry(self.open(4))
        second, third = (self.make_registry(self.reopen(4)) for _ in range(2))
        await first.create(image(0, properties={"count": "0"}))
        for n in range(1, 31):
            await first.create(image(n, status=Status.DELETED, deleted_at=NOON))

        async def call(registry):
            for _ in range(20):
                await change(registry, image(0).id, counted)
            return 0

        async def purge():
            return sum([await third.purge(image(9).created_at, 1) for _ in range(35)])

        purged = await self.all_at_once([call(first), call(second), purge()])
        kept = await first.get(image(0).id)
        self.assertEqual(kept.properties, {"count": "40"})
        self.assertEqual(sum(purged), 30)

    async def test_number_of_images(self):
        """
        Of many images that two processes make at the same time, as many are kept as
        an owner may have; another owner has its own.
        """
        first = self.make_registry(self.open(4))
        second = self.make_registry(self.reopen(4))

        async def make(n):
            mine = image(n, owner=f"owner-{n % 2}")
            try:
                await (first, second)[n // 2 % 2].create(mine, Quota(images=10))
            except QuotaExceeded:
                return 0
            return 1

        made = await self.all_at_once(make(n) for n in range(120))
        self.assertEqual(sum(made), 20)
        for owner in ("owner-0", "owner-1"):
            self.assertEqual(await second.usage(owner), Usage(images=10))

    async def test_uploads_at_once(self):
        """
        Of many uploads at the same time as many come to their end as there is room
        for, whether they say beforehand how much they bring or not; never is there
        more than may be.
        """
        first = self.make_registry(self.open(4))
        second = self.make_registry(self.reopen(4))
        quota = Quota(size=50)
        most = 0

        async def upload(n):
            nonlocal most
            registry = (first, second)[n % 2]
            announced = 5 if n // 2 % 2 else None
            old = await registry.create(image(n, owner="me"))
            begun = saving(old, announced)
            try:
                begun = await registry.replace(old, begun, quota)
                for size in range(1, 6):
                    await registry.book(old.id, begun.attempt.id, size, quota)
                    most = max(most, (await registry.usage("me")).size)
                await registry.replace(begun, active(begun, 5), quota)
            except QuotaExceeded:
                if begun.revision:
                    failed = await registry.replace(begun, given_up(begun))
                    await registry.replace(failed, evolve(failed, doomed=()))
                return 0
            return 1

        made = await self.all_at_once(upload(n) for n in range(60))
        self.assertEqual(sum(made), 10)
        self.assertEqual(await first.usage("me"), Usage(size=50, images=60))
        self.assertLessEqual(most, 50)

    async def test_cancelled(self):
        """
        A change that is not waited for any more comes to its end, and the
        cancellation waits for that.
        """
        registry = self.make_registry(self.open(4))
        old = await registry.create(image(1))
        for turn in range(20):
            tags = frozenset({f"{turn}"})
            replacing = registry.replace(old, evolve(old, name="new", tags=tags))
            replacing.cancel()
            await self.assertFailure(replacing, CancelledError)
            old = await registry.get(old.id)
            self.assertEqual((old.revision, old.tags), (turn + 1, tags))
