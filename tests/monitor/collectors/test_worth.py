from __future__ import annotations

import pytest

from monitor.collectors.worth import no_text


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a/logo.PNG", "media"),
        ("fonts/x.woff2", "font"),
        ("lib/x.so", "compiled"),
        ("model.safetensors", "model"),
        ("src/app.py", ""),
        ("backup.zip", ""),
        ("notes.docx", ""),
        ("id_rsa", ""),
        (".env", ""),
        ("png/readme", ""),
        ("lib/a", ""),
        (".o", ""),
        ("", ""),
    ],
)
def test_only_names_that_are_binary_by_definition(path: str, reason: str) -> None:
    assert no_text(path) == reason
