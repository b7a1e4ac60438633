"""The built pages, from the folder of TUANTU_PAGES_DIR; and a plain page that says what to do where there are none."""

from html import escape
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from cloud.api.context import services_of
from cloud.api.errors import not_found

# Vite's names of assets change with their content; pages and everything else are asked for again.
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"

router = APIRouter(include_in_schema=False)

_PLAIN = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<style>body{{max-width:36rem;margin:3rem auto;padding:0 1.25rem;font:1.25rem/1.6 system-ui,sans-serif}}
a{{display:inline-block;padding:.75rem 1.25rem;border:2px solid;border-radius:.75rem;font-weight:700}}</style>
<title>团途 Tuantu</title><h1>团途 Tuantu</h1><p>{chinese}<p lang="en">{english}{home}</html>
"""
_WAY_HOME = '<p><a href="/">回首页 · <span lang="en">Home</span></a>'


def _plain(chinese: str, english: str, status: int, *, way_home: bool = False) -> HTMLResponse:
    page = _PLAIN.format(chinese=escape(chinese), english=escape(english), home=_WAY_HOME if way_home else "")
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store"})


def _file(folder: Path | None, name: str) -> Path | None:
    """A file of the folder; None where it is not there or lies outside."""
    if folder is None:
        return None
    root = folder.resolve()
    path = (root / name).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


def _page(request: Request, name: str) -> Response:
    path = _file(services_of(request).config.pages_dir, name)
    if path is not None:
        return FileResponse(path, headers={"Cache-Control": _ASK_AGAIN})
    if name == "index.html":
        return _plain(
            "云端已启动,页面尚未构建。运行 make pages 后重新打开。", "The cloud runs; its pages are not built. Run: make pages", 200
        )
    return _plain("页面尚未构建。运行 make pages。", "This page is not built. Run: make pages", 503)


@router.get("/")
async def front(request: Request) -> Response:
    """Where `make run` has a town, the town's page; it leads to the plain one, /index.html."""
    return _page(request, "index.html" if services_of(request).config.town_dir is None else "town.html")


@router.get("/o/{token}")
@router.get("/p/{token}")
async def resident(request: Request, token: str) -> Response:
    """The same page for every link, good or not: the page asks the api, and says what is wrong."""
    del token
    return _page(request, "residents.html")


@router.get("/d/{token}")
async def driver(request: Request, token: str) -> Response:
    """Likewise, for drivers' links."""
    del token
    return _page(request, "driver.html")


@router.get("/g/")
@router.get("/g/{token}")
async def leader(request: Request, token: str = "") -> Response:
    """For leaders' links, and without one for phones that are bound already."""
    del token
    return _page(request, "leaders.html")


@router.get("/{path:path}")
async def file(request: Request, path: str) -> Response:
    if path.startswith("api/"):
        raise not_found("path", "address")
    found = _file(services_of(request).config.pages_dir, path)
    if found is None and "text/html" in request.headers.get("accept", ""):  # a person's browser, not a program
        return _plain("没有这个页面。请检查网址。", "There is no such page. Check the address.", 404, way_home=True)
    if found is None:
        raise not_found("path", "page")
    return FileResponse(found, headers={"Cache-Control": _FOREVER if path.startswith("assets/") else _ASK_AGAIN})
