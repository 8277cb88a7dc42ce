"""
Databases as Glances that came before this one have them.
"""

import sqlite3

CACTUS = """
CREATE TABLE images (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255), disk_format VARCHAR(20),
    container_format VARCHAR(20), size BIGINT, status VARCHAR(30) NOT NULL,
    is_public BOOLEAN NOT NULL, location TEXT, checksum VARCHAR(32),
    created_at DATETIME NOT NULL, updated_at DATETIME, deleted_at DATETIME,
    deleted BOOLEAN NOT NULL
);
CREATE TABLE image_properties (
    id INTEGER NOT NULL PRIMARY KEY, image_id INTEGER NOT NULL,
    name VARCHAR(255) NOT NULL, value TEXT, created_at DATETIME NOT NULL,
    updated_at DATETIME, deleted_at DATETIME, deleted BOOLEAN NOT NULL
);
"""
"""
What the release of 2011 has, at its version 6.
"""

LATER = """
CREATE TABLE images (
    id VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(255), disk_format VARCHAR(20),
    container_format VARCHAR(20), size BIGINT, virtual_size BIGINT,
    status VARCHAR(30) NOT NULL, visibility VARCHAR(9) NOT NULL, checksum VARCHAR(32),
    os_hash_algo VARCHAR(64), os_hash_value VARCHAR(128), os_hidden BOOLEAN NOT NULL,
    owner VARCHAR(255), min_disk INTEGER NOT NULL, min_ram INTEGER NOT NULL,
    protected BOOLEAN NOT NULL, created_at DATETIME NOT NULL, updated_at DATETIME,
    deleted_at DATETIME, deleted BOOLEAN NOT NULL
);
CREATE TABLE image_properties (
    id INTEGER NOT NULL PRIMARY KEY, image_id VARCHAR(36) NOT NULL,
    name VARCHAR(255) NOT NULL, value TEXT, created_at DATETIME NOT NULL,
    updated_at DATETIME, deleted_at DATETIME, deleted BOOLEAN NOT NULL
);
CREATE TABLE image_members (
    id INTEGER NOT NULL PRIMARY KEY, image_id VARCHAR(36) NOT NULL,
    member VARCHAR(255) NOT NULL, can_share BOOLEAN NOT NULL, status VARCHAR(20),
    created_at DATETIME NOT NULL, updated_at DATETIME, deleted_at DATETIME,
    deleted BOOLEAN NOT NULL
);
CREATE TABLE image_tags (
    id INTEGER NOT NULL PRIMARY KEY, image_id VARCHAR(36) NOT NULL,
    value VARCHAR(255) NOT NULL, created_at DATETIME NOT NULL, updated_at DATETIME,
    deleted_at DATETIME, deleted BOOLEAN NOT NULL
);
CREATE TABLE image_locations (
    id INTEGER NOT NULL PRIMARY KEY, image_id VARCHAR(36) NOT NULL,
    value TEXT NOT NULL, meta_data TEXT, status VARCHAR(30) NOT NULL,
    created_at DATETIME NOT NULL, updated_at DATETIME, deleted_at DATETIME,
    deleted BOOLEAN NOT NULL
);
"""
"""
What later ones have, since there is a visibility.
"""

SINCE = "2012-03-04 05:06:07.000008"

_USUAL = {"created_at": SINCE, "updated_at": SINCE, "deleted": 0}


class OlderDatabase:
    """
    A file with such a database.
    """

    def __init__(self, path, tables):
        self.url = f"sqlite:///{path}"
        self._path = path
        with sqlite3.connect(path) as db:
            db.executescript(tables)
        db.close()

    def add(self, table, **values):
        """
        Write a row.
        """
        values = {**_USUAL, **values}
        names = ", ".join(values)
        places = ", ".join("?" * len(values))
        with sqlite3.connect(self._path) as db:
            db.execute(
                f"INSERT INTO {table} ({names}) VALUES ({places})",
                tuple(values.values()),
            )
        db.close()
