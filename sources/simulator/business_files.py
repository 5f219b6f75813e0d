"""What is known of businesses: the enterprise register, vacancies, and reported changes of staff."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.simulator import mistakes
from sources.simulator.demography import day_in
from sources.simulator.employers import FORMS, OWNERSHIPS
from sources.simulator.frames import NO_DAY, Frame, choice, date, moment, number, same, text
from sources.simulator.identifiers import change_a_digit, padded
from sources.simulator.jobs import minimum_wages
from sources.simulator.months import Array, first_day, month_text
from sources.simulator.outbox import Outbox
from sources.simulator.settings import AGENCIES
from sources.simulator.styles import style_of
from sources.simulator.world import BUSINESS_STATES, FUTURE, INSURED, LEVELS, NONE, World, chosen, pick

_WORDS = (
    "Thành Đạt",
    "Hưng Phát",
    "An Bình",
    "Đông Á",
    "Hải Long",
    "Minh Phú",
    "Tân Việt",
    "Phú Cường",
    "Sao Mai",
    "Hoàng Gia",
    "Việt Tiến",
    "Bảo Ngọc",
    "Trường Sơn",
    "Nam Cường",
    "Đại Phát",
    "Kim Ngân",
    "Hồng Hà",
    "Phúc Lộc",
)
_KINDS = {
    14: "May",
    15: "Giày",
    26: "Điện tử",
    27: "Thiết bị điện",
    10: "Thực phẩm",
    22: "Nhựa",
    25: "Cơ khí",
    41: "Xây dựng",
    42: "Cầu đường",
    43: "Hoàn thiện",
    46: "Thương mại",
    47: "Siêu thị",
    49: "Vận tải",
    84: "Cơ quan",
    85: "Trường",
    86: "Bệnh viện",
    64: "Quỹ tín dụng",
    1: "Nông nghiệp",
}
_TITLES = (
    "Đơn vị",
    "Công ty TNHH",
    "Công ty Cổ phần",
    "Công ty Hợp danh",
    "Doanh nghiệp tư nhân",
    "Hợp tác xã",
    "Hộ kinh doanh",
    "Chi nhánh",
)


def code_texts(code: Array, digits: Array) -> pa.Array:
    """Enterprise codes as texts: 10 digits, 13 of a branch, or the owner's 12."""
    texts = padded(code, 10)
    for width in (12, 13):
        if (digits == width).any():
            texts = pc.if_else(pa.array(digits == width), padded(code, width), texts)
    return texts


class BusinessOffice:
    """The enterprise register: everything at first, then what was opened, changed or closed."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox

    def send(self, month: int, ym: int) -> None:
        """The month's delivery."""
        world = self._world
        employers = world.employers
        if month == 0:
            ids = np.flatnonzero(employers.status != FUTURE)
            minutes = employers.updated[ids]
        else:
            ids = np.unique(world.events.of("business_changed"))
            days = np.maximum(day_in(world, ym, len(ids)), employers.registered[ids])
            minutes = days * 1440 + world.rng.integers(450, 1020, len(ids))
        if not len(ids):
            return
        frame = mistakes.duplicated(world, self._frame(ids, minutes, ym))
        frame = mistakes.without_zeros(
            world, frame, ("enterprise_code", "main_vsic", "commune_code", "owner_citizen_id")
        )
        self._outbox.deliver("enterprises", ym, [("dkkd", frame, style_of("enterprises", month))])

    def _frame(self, ids: Array, minutes: Array, ym: int) -> Frame:
        world = self._world
        employers, rng, count = world.employers, world.rng, len(ids)
        code = employers.code[ids]
        wrong = (rng.random(count) < 0.003) & (ids >= employers.workforce) & (employers.digits[ids] == 10)
        code = np.where(wrong, change_a_digit(code, rng, 9), code)
        owner = employers.owner[ids]
        recorded = mistakes.record(world, np.maximum(owner, 0), cards=False)
        citizen = np.where(owner == NONE, 0, recorded.citizen)
        # with a personal code most offices leave the owner's number empty
        citizen = np.where((employers.digits[ids] == 12) & (rng.random(count) < 0.6), 0, citizen)
        staff = np.bincount(
            world.people.employer[world.people.state == INSURED], minlength=len(employers.code)
        )[ids]
        vsic = employers.vsic[ids].astype(np.int64)
        vsic_texts = pc.if_else(pa.array(vsic < 100), padded(vsic, 2), padded(vsic, 5))
        lacking = pa.array(rng.random(count) < 0.01)
        newer = (ym >= 2025 * 12 + 11) & (employers.division[ids] != 45) & (rng.random(count) < 0.6)
        zones = sorted({zone for profile in world.profiles for zone in profile.zones})
        where = np.full((len(world.profiles) + 1, 16), 0)
        for home, profile in enumerate(world.profiles):
            where[home, : len(profile.zones)] = [zones.index(zone) for zone in profile.zones]
        zone = where[employers.home[ids], np.maximum(employers.zone[ids], 0)]
        in_zone = pa.array((employers.zone[ids] != NONE) & (employers.home[ids] >= 0))
        nothing = pa.scalar(None, pa.string())
        return Frame(
            {
                "enterprise_code": text(code_texts(code, employers.digits[ids])),
                "name": text(self._names(ids)),
                "legal_form": choice(list(FORMS), employers.form[ids].astype(np.int64)),
                "ownership": choice(list(OWNERSHIPS), employers.ownership[ids].astype(np.int64)),
                "main_vsic": text(pc.if_else(lacking, nothing, vsic_texts)),
                "vsic_version": choice(
                    (None, "2018", "2025"), np.where(newer, 2, (rng.random(count) < 0.5).astype(int))
                ),
                "commune_code": text(
                    mistakes.commune_codes(world, employers.place[ids], ym, AGENCIES.old_provinces)
                ),
                "industrial_zone": text(
                    pc.if_else(in_zone, pc.take(pa.array(zones), pa.array(zone)), nothing)
                ),
                "status": choice(BUSINESS_STATES, employers.status[ids].astype(np.int64)),
                "registered_on": date(employers.registered[ids]),
                "registered_employees": number(
                    np.maximum(staff, employers.staff[ids]), missing=rng.random(count) < 0.05
                ),
                "owner_citizen_id": text(mistakes.id_texts(citizen, citizen < 0)),
                "updated_at": moment(minutes),
            }
        )

    def _names(self, ids: Array) -> pa.Array:
        """Names: title, trade, a lucky word and a number; household businesses bear their owner's name."""
        world = self._world
        employers = world.employers
        kinds = ["Dịch vụ"] * 100
        for division, word in _KINDS.items():
            kinds[division] = word
        title = pc.take(pa.array(_TITLES), pa.array(employers.form[ids].astype(np.int64)))
        kind = pc.take(pa.array(kinds), pa.array(employers.division[ids].astype(np.int64)))
        word = pc.take(pa.array(_WORDS), pa.array(employers.number[ids] % len(_WORDS)))
        running = pa.array(employers.number[ids]).cast(pa.string())
        names = pc.binary_join_element_wise(title, kind, word, running, " ")
        owner = employers.owner[ids]
        household = (employers.form[ids] == 6) & (owner != NONE)
        if household.any():
            owners = world.names.texts(world.people.name[np.maximum(owner, 0)])
            own = pc.binary_join_element_wise(title, owners, " ")
            names = pc.if_else(pa.array(household), own, names)
        return names


class VacancyOffice:
    """Vacancies reported to the employment service, and later what became of them."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox
        self._open: dict[int, list[tuple[Array, ...]]] = defaultdict(list)

    def send(self, month: int, ym: int) -> None:
        """The month's new vacancies, and those closed."""
        world, rng = self._world, self._world.rng
        hired_by = world.events.of("hired_by")
        wanted = max(4, round(len(hired_by) * 0.16))
        employer = np.unique(pick(rng, hired_by, wanted)) if len(hired_by) else hired_by
        count = len(employer)
        opened = first_day(ym) + rng.integers(0, 20, count)
        positions = 1 + rng.poisson(np.minimum(30, 2 + 400 * world.employers.weight[employer]))
        vacancy = (
            world.number("vacancies", count),
            employer.astype(np.int64),
            opened,
            positions,
            rng.random(count),
        )
        closed = [np.concatenate(columns) for columns in zip(*self._open.pop(month, []), strict=True)]
        months = rng.integers(1, 4, count)
        for later in (1, 2, 3):
            mask = months == later
            self._open[month + later].append(tuple(column[mask] for column in vacancy))
        frames = [self._frame(vacancy, ym, False)]
        if closed and len(closed[0]):
            frames.append(self._frame(tuple(closed), ym, True))
        frame = frames[0] if len(frames) == 1 else frames[0].then(frames[1])
        if not frame.rows:
            return
        frame = mistakes.without_zeros(
            world, mistakes.duplicated(world, frame), ("enterprise_code", "province_code")
        )
        self._outbox.deliver("vacancies", ym, [("viec_lam_trong", frame, style_of("vacancies", month))])

    def _frame(self, vacancy: tuple[Array, ...], ym: int, closed: bool) -> Frame:
        world, rng = self._world, self._world.rng
        numbers, employer, opened, positions, luck = vacancy
        count = len(numbers)
        assert world.employer_codes is not None
        group = np.where(
            luck < 0.60, 8, np.where(luck < 0.75, 7, np.where(luck < 0.85, 5, np.where(luck < 0.93, 3, 2)))
        )
        level = np.where(
            luck < 0.6,
            (luck * 100).astype(int) % 4,
            np.where(luck < 0.93, 4 + (luck * 100).astype(int) % 2, 6),
        )
        least = (minimum_wages(ym)[0] // 100_000 + 5 + (luck * 20).astype(np.int64)) * 100_000
        ended = opened + 20 + (luck * 30).astype(np.int64)
        ended = np.minimum(ended, first_day(ym) + 27) if closed else np.full(count, NO_DAY)
        filled = (
            np.minimum(positions, rng.binomial(positions, 0.6)) if closed else np.zeros(count, dtype=np.int64)
        )
        updated = np.where(ended > NO_DAY, ended, opened) * 1440 + 600
        return Frame(
            {
                "vacancy_no": text(pc.binary_join_element_wise("V", padded(numbers, 8), "")),
                "enterprise_code": text(pc.take(world.employer_codes, pa.array(employer))),
                "occupation_group": choice(list("0123456789"), group.astype(np.int64)),
                "technical_level": choice(list(LEVELS), level.astype(np.int64)),
                "positions": number(positions),
                "wage_from": number(least),
                "wage_to": number(least + 3_000_000),
                "opened_on": date(opened),
                "closed_on": date(ended),
                "filled_positions": number(filled),
                "province_code": text(mistakes.province_codes(world, world.employers.place[employer], ym)),
                "updated_at": moment(updated),
            }
        )


class StaffChangeOffice:
    """What employers report of people taken on and let go; one in six never reports."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox

    def send(self, month: int, ym: int) -> None:
        """The month's reports."""
        world = self._world
        size = world.employers.workforce
        rows: list[tuple[Array, Array, int]] = []
        for kind, event in enumerate(("hired_by", "laid_off_from", "quit_from")):
            counts = np.bincount(world.events.of(event).astype(np.int64), minlength=size)[:size]
            ids = np.flatnonzero(
                (counts > 0) & (np.arange(size) % 6 != 5) & (world.employers.home[:size] >= 0)
            )
            rows.append((ids, counts[ids], kind))
        some = chosen(world.rng, rows[1][0], 0.05)
        rows.append((some, 1 + world.rng.integers(0, 5, len(some)), 3))
        ids = np.concatenate([part[0] for part in rows])
        if not len(ids):
            return
        assert world.employer_codes is not None
        kind_of = np.concatenate([np.full(len(part[0]), part[2]) for part in rows])
        frame = Frame(
            {
                "enterprise_code": text(pc.take(world.employer_codes, pa.array(ids))),
                "month": same(month_text(ym), len(ids)),
                "kind": choice(("hired", "laid_off", "quit", "suspended"), kind_of),
                "workers": number(np.concatenate([part[1] for part in rows])),
                "reason": choice(
                    (None, "Thu hẹp sản xuất", "Hết hạn hợp đồng", "Thiếu đơn hàng"),
                    np.where(kind_of == 0, 0, np.where(kind_of == 2, 2, np.where(ids % 2 == 0, 1, 3))),
                ),
            }
        )
        frame = mistakes.without_zeros(
            world, mistakes.duplicated(world, frame, AGENCIES.duplicates), ("enterprise_code",)
        )
        self._outbox.deliver(
            "labour_changes", ym, [("bien_dong_lao_dong", frame, style_of("labour_changes", month))]
        )
