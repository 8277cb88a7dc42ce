"""
The daemons that C{twistd} can run.
"""

from twisted.application.service import ServiceMaker

glance_api = ServiceMaker(
    "Glance API", "glance.tap.start_api", "Serve the image API.", "glance-api"
)
glance_registry = ServiceMaker(
    "Glance registry",
    "glance.tap.registry",
    "Serve what is known of images to the image API.",
    "glance-registry",
)
glance = ServiceMaker(
    "Glance",
    "glance.tap.start_all",
    "Serve the image API, with its registry in the same process.",
    "glance",
)
