"""An operator's articles: what a scan of an EAN finds, what a piece weighs, and which limits of temperature it is judged by."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cloud.api.context import Planner, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.errors import not_found
from cloud.api.text import Text
from cloud.auth.audit import write_audit

router = APIRouter(prefix="/api/operators/{operator_id}/articles", tags=["stations"])


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ArticleIn(_Form):
    """``goods``: which limits of temperature it is judged by, where they are others than its zone's."""

    sku: Text = Field(min_length=1, max_length=64)
    name: Text = Field(min_length=1, max_length=200)
    eans: list[Annotated[str, StringConstraints(pattern=r"^[0-9]{8,14}$")]] = Field(default=[], max_length=20)
    weight_g: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    goods: Literal["chilled", "chilled_wide", "frozen"] | None = None


class ArticlesForm(_Form):
    articles: list[ArticleIn] = Field(max_length=5000)


@router.get("/{sku:path}")
async def look_at_article(operator_id: str, sku: str, account: Planner, connection: Transaction) -> ArticleIn:
    """One as it is known; of one that was only ordered so far, what its orders call it."""
    require_operator(account, operator_id)
    cursor = await connection.execute(
        """
        SELECT sku, name, eans, weight_g, goods FROM (
            SELECT sku, name, eans, weight_g, goods, 0 AS rank FROM article WHERE operator_id = %(operator)s AND sku = %(sku)s
            UNION ALL
            (SELECT l.sku, l.name, '{}', NULL, NULL, 1 FROM order_line l JOIN customer_order o ON o.id = l.order_id
             WHERE o.operator_id = %(operator)s AND l.sku = %(sku)s ORDER BY o.placed_at DESC LIMIT 1)
        ) AS known ORDER BY rank LIMIT 1
        """,
        {"operator": operator_id, "sku": sku},
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("sku", "article")
    return ArticleIn(sku=row[0], name=row[1], eans=row[2], weight_g=row[3], goods=row[4])


@router.put("")
async def set_articles(
    operator_id: str, wanted: ArticlesForm, account: Planner, services: ServicesDep, connection: Transaction
) -> ArticlesForm:
    """Add articles, or change those that are there."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    async with connection.cursor() as many:
        await many.executemany(
            """
            INSERT INTO article (operator_id, sku, name, eans, weight_g, goods) VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (operator_id, sku) DO UPDATE SET
                name = excluded.name, eans = excluded.eans, weight_g = excluded.weight_g, goods = excluded.goods
            """,
            [(operator_id, one.sku, one.name, one.eans, one.weight_g, one.goods) for one in wanted.articles],
        )
    await connection.execute(
        "UPDATE station s SET changes = changes + 1 FROM site_operator r WHERE r.site_id = s.site_id AND r.operator_id = %s",
        [operator_id],
    )
    await write_audit(connection, services.now(), account.id, "articles.set", operator_id, {"articles": len(wanted.articles)})
    return wanted
