"""What release 0.2 added to events: station operations, lockers, alarms, staff. The frames are in golden/0.2."""

from edge.wire import messages as m

P, C, PHOTO = "TTP000000001J", "TTC0000000017", "ab" * 32

FACTS: tuple[m.AnyFact, ...] = (
    m.ContainerSigned(container=C, condition="seal_broken", photo=PHOTO, run="run-7"),
    m.ContainerDropped(container=C, photo=PHOTO, run="run-7"),
    m.ContainerOpened(container=C),
    m.CountFinished(container=C, expected=30, received=28, missing=2, surplus=1),
    m.ContainerEmptied(container=C),
    m.ContainerReturned(container=C, run="run-8"),
    m.VarianceFound(
        problem=m.Problem.UNDERWEIGHT, parcel=P, container=C, sku="G2005", quantity=2, photo=PHOTO, weight_g=270, expected_g=300
    ),
    m.GoodsReceived(container=C, sku="G1000", quantity=12),
    m.GoodsDistributed(sku="G1000", parcel=P, quantity=3, container=C),
    m.ParcelReceived(parcel=P, container=C),
    m.ParcelPlaced(parcel=P, cell="1-07"),
    m.ParcelRemoved(parcel=P, cell="1-07", reason="expired"),
    m.ParcelSeen(parcel=P, slot="A12"),
    m.StockTaken(scope="A", expected=20, found=19, missing=1, surplus=2),
    m.ParcelOverdue(parcel=P),
    m.ParcelDisposed(parcel=P, reason="spoiled", photo=PHOTO),
    m.ParcelReturned(parcel=P, container=C, run="run-8"),
    m.ParcelReleased(parcel=P, how=m.How.PROXY, claim="c-9", token="t-1", cell="1-07", took_s=12),
    m.ReleaseRefused(reason=m.Refusal.WRONG_PARCEL, how=m.How.CODE, claim="c-9", parcel=P),
    m.AskingLocked(place="counter", failures=5, lock_s=60),
    m.CellOpened(cell="1-07", purpose="remote", outcome="failed", parcel=P, command="c-1"),
    m.CellChanged(cell="1-07", state="fault", door="open", article="absent", cause="cell_mismatch", parcel=P),
    m.StaffLoggedIn(staff="staff-9", how="badge"),
    m.StaffLoggedOut(staff="staff-9", why="idle"),
    m.StaffRefused(how="pin", reason="locked_out"),
    m.AlarmRaised(
        alarm="fridge-1.temperature_c/high/1767225600000",
        subject="fridge-1.temperature_c",
        rule="high",
        severity="critical",
        value=9.5,
        limit=5.0,
        since_ms=1_767_225_000_000,
    ),
    m.AlarmAcknowledged(alarm="a-1", note="门没关好"),
    m.AlarmCleared(alarm="a-1", value=4.0),
    m.AlarmClosed(alarm="a-1", note="换了门封条"),
    m.ParcelSorted(parcel=P, lane="B3"),
    m.ParcelPacked(parcel=P, container=C),
    m.ContainerBound(container=C, station="st-001", zone="chilled", run="run-7"),
    m.ContainerSealed(container=C, seal="S-77"),
    m.ContainerLoaded(container=C, run="run-7"),
    m.ContainerLost(container=C, note="最后在 3 号门"),
    m.ContainerTakenBack(container=C),
    m.GoodsPacked(container=C, sku="G1000", quantity=12),
)
