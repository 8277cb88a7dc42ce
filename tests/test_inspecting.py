"""
Tests for L{glance.inspecting}.
"""

from attrs import evolve
from twisted.internet.defer import Deferred, maybeDeferred

from glance.deferreds import deferred
from glance.errors import ImageNotFound, RegistryUnavailable
from glance.image import Status
from glance.inspecting import STEP, Inspected, Inspector
from glance.limits import Limits
from glance.streams.bodies import BytesBody
from glance.streams.content import BLOCK
from glance.verification import Fault, Pace
from tests import disks
from tests.assembly import ADMIN
from tests.faults import FaultyStore
from tests.test_verification import VerificationCase

STREAM = disks.stream_vmdk(grains=1 << 20)
UNSAFE = disks.qcow2(backing=512)


class ShrunkStore(FaultyStore):
    """
    A store that has less data than it says.
    """

    @deferred
    async def get(self, key, offset=0, length=None, size=None):
        return BytesBody(b"")


class InspectingTests(VerificationCase):
    """
    What was stored before anybody looked into it is looked into.
    """

    def stored(self, data, disk_format="qcow2", container_format="bare", **known):
        """
        Make an image that has data that nobody has looked into.
        """
        image_id = self.create(disk_format=disk_format, container_format="ova")
        stored = self.successResultOf(self.start(image_id, BytesBody(data)))
        return self.change(stored, container_format=container_format, **known)

    def inspector(self, rate=None, **limits):
        """
        Get what looks into the world.
        """
        return Inspector(
            self.world.revisions,
            self.world.storage,
            Pace(self.world.clock, rate),
            maybeDeferred,
            Limits(**limits),
        )

    def inspect(self, image_ids=None, *, again=False, **limits):
        """
        Look into data, and get what is wrong with it, by image.
        """
        self.found.clear()
        inspecting = self.inspector(**limits).inspect(
            self.found.append, image_ids, again=again
        )
        self.inspected = self.run_(inspecting)
        return {finding.image: finding.fault for finding in self.found}

    def test_recorded(self):
        """
        It is recorded how large the disks are, and nothing else changes.
        """
        images = [
            (self.stored(disks.qcow2()), disks.SIZE),
            (self.stored(STREAM, "vmdk"), disks.SIZE),
            (self.stored(disks.vhdx(), "vhdx"), disks.SIZE),
            (self.stored(disks.fixed_vhd(bytes(1 << 19)), "vhd"), 1 << 19),
            (self.stored(bytes(1 << 19), "raw"), 1 << 19),
            (self.stored(disks.vdi(), None, None), disks.SIZE),
            (self.stored(bytes(100), "ploop"), None),
            (self.stored(b"", "raw"), None),
            (self.stored(disks.qcow2(), status=Status.DEACTIVATED), disks.SIZE),
        ]
        self.world.clock.advance(5)
        self.assertEqual(self.inspect(), {})
        self.assertEqual(self.inspected.recorded, 7)
        for image, virtual_size in images:
            now = self.image(image.id)
            self.assertEqual(
                now, evolve(image, virtual_size=virtual_size, revision=now.revision)
            )

    def test_little_is_read(self):
        """
        Only what is needed is read, and counted.
        """
        self.stored(STREAM, "vmdk")
        self.inspect()
        self.assertEqual(
            self.inspected, Inspected(images=1, size=STEP + 4096, recorded=1)
        )

    def test_known(self):
        """
        Where the size of the disk is known nothing is looked at, unless that
        is asked for.
        """
        image = self.stored(UNSAFE, virtual_size=7)
        self.assertEqual(self.inspect(), {})
        self.assertEqual(self.inspected, Inspected(images=0, size=0, recorded=0))
        self.assertEqual(self.inspect(again=True), {image.id: Fault.UNSAFE})
        self.assertEqual(self.inspect([image.id], again=True), {image.id: Fault.UNSAFE})
        wrong = self.stored(disks.qcow2(), virtual_size=7)
        self.assertEqual(self.inspect([wrong.id], again=True), {})
        self.assertEqual(self.image(wrong.id).virtual_size, disks.SIZE)

    def test_not_looked_at(self):
        """
        What has something around the disk is passed over, and so is what has
        no data.
        """
        self.stored(UNSAFE, container_format="ova")
        self.create(disk_format="qcow2", container_format="bare")
        deleted = self.stored(UNSAFE)
        self.run_(self.world.images.delete(ADMIN, deleted.id))
        self.assertEqual(self.inspect(), {})
        self.assertEqual(self.inspected.images, 0)

    def test_found(self):
        """
        What isn't what it claims or isn't safe is found, and left as it is.
        """
        images = [self.stored(UNSAFE), self.stored(disks.vdi())]
        faults = (Fault.UNSAFE, Fault.MISMATCH)
        wanted = {image.id: f for image, f in zip(images, faults, strict=True)}
        self.assertEqual(self.inspect(), wanted)
        self.assertIn("based on another file", str([f.detail for f in self.found]))
        self.assertEqual([self.image(image.id) for image in images], images)
        self.assertEqual(
            self.inspect(require_format_match=False), {images[0].id: Fault.UNSAFE}
        )

    def test_cannot_be_read(self):
        """
        What cannot be looked at is found too.
        """
        missing, short, broken = (self.stored(disks.qcow2()) for _ in range(3))
        self.successResultOf(self.store.delete(missing.locations[0].key))
        self.tamper(short, disks.qcow2()[:-1])
        self.assertEqual(
            self.inspect([missing.id, short.id]),
            {missing.id: Fault.MISSING, short.id: Fault.SIZE},
        )
        self.store.down = True
        self.assertEqual(self.inspect([broken.id]), {broken.id: Fault.UNREADABLE})

    def test_unknown(self):
        """
        An image that isn't there, or a registry, is an error.
        """
        inspecting = self.inspector().inspect(self.found.append, ["none"])
        self.failureResultOf(Deferred.fromCoroutine(inspecting), ImageNotFound)
        self.registry.down = True
        inspecting = self.inspector().inspect(self.found.append)
        self.failureResultOf(Deferred.fromCoroutine(inspecting), RegistryUnavailable)

    def test_rate(self):
        """
        Data is read no faster than it may be.
        """
        image = self.stored(STREAM, "vmdk")
        inspecting = Deferred.fromCoroutine(
            self.inspector(rate=BLOCK).inspect(self.found.append)
        )
        self.assertNoResult(inspecting)
        self.world.clock.advance(STEP / BLOCK - 0.1)
        self.assertNoResult(inspecting)
        self.world.clock.advance(0.1)
        self.successResultOf(inspecting)
        self.assertEqual(self.image(image.id).virtual_size, disks.SIZE)

    def test_meanwhile(self):
        """
        Of an image that was deleted while it was looked at nothing is said.
        """
        image = self.stored(UNSAFE)
        looking = self.inspector(rate=BLOCK)
        self.run_(looking.inspect(self.found.append, [image.id]))
        [finding] = self.found
        self.found.clear()
        inspecting = Deferred.fromCoroutine(looking.inspect(self.found.append))
        self.assertNoResult(inspecting)
        self.run_(self.world.images.delete(ADMIN, image.id))
        self.world.clock.advance(10)
        self.successResultOf(inspecting)
        self.assertEqual(self.found, [])
        self.assertFalse(self.run_(looking.deactivate(finding)))
        self.assertEqual(self.image(image.id).status, Status.DELETED)

    def test_moved_meanwhile(self):
        """
        Of data that isn't the image's any more nothing is recorded.
        """
        image = self.stored(STREAM, "vmdk")
        inspecting = Deferred.fromCoroutine(
            self.inspector(rate=BLOCK).inspect(self.found.append)
        )
        self.change(image, locations=())
        self.world.clock.advance(10)
        self.assertEqual(self.successResultOf(inspecting).recorded, 0)
        self.assertIsNone(self.image(image.id).virtual_size)

    def test_shrunk(self):
        """
        Data that becomes shorter while it is read is found.
        """
        image = self.stored(disks.qcow2())
        self.world.storage.stores["file"] = ShrunkStore(self.memory)
        self.assertEqual(self.inspect(), {image.id: Fault.SIZE})

    def test_changed_meanwhile(self):
        """
        What others change meanwhile stays changed.
        """
        image = self.stored(STREAM, "vmdk")
        inspecting = Deferred.fromCoroutine(
            self.inspector(rate=BLOCK).inspect(self.found.append)
        )
        self.change(image, name="other")
        self.world.clock.advance(10)
        self.successResultOf(inspecting)
        now = self.image(image.id)
        self.assertEqual((now.name, now.virtual_size), ("other", disks.SIZE))

    def test_deactivate(self):
        """
        Downloads of what was found can be stopped.
        """
        image = self.stored(UNSAFE)
        self.inspect()
        [finding] = self.found
        self.assertTrue(self.run_(self.inspector().deactivate(finding)))
        self.assertEqual(self.image(image.id).status, Status.DEACTIVATED)
        self.assertFalse(self.run_(self.inspector().deactivate(finding)))
        self.change(image, status=Status.ACTIVE)
        other = evolve(finding, key="other")
        self.assertFalse(self.run_(self.inspector().deactivate(other)))
        self.assertEqual(self.image(image.id).status, Status.ACTIVE)
        unknown = evolve(finding, image="none")
        self.assertFalse(self.run_(self.inspector().deactivate(unknown)))
