"""
Configuration files for tests.
"""

from pathlib import Path
from textwrap import dedent

from glance.config.loading import load


class FilesMixin:
    """
    Writes files, and loads settings from them.
    """

    def write(self, text, name="some.conf"):
        """
        Write a file into a directory of this test.
        """
        path = Path(self.directory, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return str(path)

    @property
    def directory(self):
        """
        A directory of this test.
        """
        if not hasattr(self, "_directory"):
            self._directory = str(Path(self.mktemp()).absolute())
            Path(self._directory).mkdir(parents=True)
        return self._directory

    def load(self, text="", service="api"):
        """
        Load settings from a file of that text.
        """
        return load(service, config_files=[self.write(text)])
