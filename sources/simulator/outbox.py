"""Where deliveries are put: files in their formats, delivery.json beside them, the truth of rows apart."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import yaml

from sources.simulator.frames import Frame, Style, to_table
from sources.simulator.months import area_version, month_text
from sources.simulator.workbook import write_workbook

AGENCIES = {
    "population": "Công an tỉnh - Cơ sở dữ liệu quốc gia về dân cư",
    "enterprises": "Sở Tài chính - Phòng Đăng ký kinh doanh",
    "social_insurance": "Bảo hiểm xã hội khu vực",
    "training": "Sở Giáo dục và Đào tạo",
    "labour_register": "Sở Nội vụ - Thông tin người lao động",
    "unemployment_benefits": "Trung tâm Dịch vụ việc làm",
    "job_seekers": "Trung tâm Dịch vụ việc làm",
    "vacancies": "Trung tâm Dịch vụ việc làm",
    "labour_changes": "Sở Nội vụ - Khai báo biến động lao động",
    "overseas_contracts": "Cục Quản lý lao động ngoài nước",
    "poor_households": "Sở Nông nghiệp và Môi trường",
    "insurance_debts": "Bảo hiểm xã hội khu vực",
    "official_statistics": "Cục Thống kê",
}
_CONTRACTS = Path(__file__).resolve().parents[1] / "contracts"


def vietnamese_headers(source: str) -> dict[str, str]:
    """The first alias of every column in the source's contract."""
    path = _CONTRACTS / f"{source}.odcs.yaml"
    if not path.exists():
        return {}
    contract = yaml.load(
        path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    headers: dict[str, str] = {}
    for column in contract["schema"][0]["properties"]:
        for entry in column.get("customProperties", []):
            if entry["property"] == "aliases" and entry["value"]:
                headers[column["name"]] = entry["value"][0]
    return headers


@dataclass
class Outbox:
    """Writes deliveries below ``home`` and counts them."""

    home: Path
    deliveries: int = 0
    files: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def deliver(
        self, source: str, month: int, parts: Sequence[tuple[str, Frame, Style]], revision: int = 1
    ) -> None:
        """One delivery: each part is a file name (without its ending), its rows and its style."""
        if source not in self.headers:
            self.headers[source] = vietnamese_headers(source)
        period = month_text(month) + (f".r{revision}" if revision > 1 else "")
        folder = self.home / "landing" / source / period
        folder.mkdir(parents=True)
        listed = []
        for stem, frame, wanted in parts:
            style = wanted.fitting(frame.rows)
            path = folder / f"{stem}.{style.format}"
            write_table(to_table(frame, style, self.headers[source]), path, style)
            listed.append({"name": path.name, "rows": frame.rows, "sha256": _sha256(path)})
            self._keep_truth(source, period, path.name, frame)
            self.rows[source] = self.rows.get(source, 0) + frame.rows
        note = {
            "source": source,
            "period": month_text(month),
            "agency": AGENCIES[source],
            "area_version": area_version(month),
            "synthetic": True,
            "files": sorted(listed, key=lambda entry: str(entry["name"])),
        }
        (folder / "delivery.json").write_text(
            json.dumps(note, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        self.deliveries += 1
        self.files += len(listed)

    def _keep_truth(self, source: str, period: str, name: str, frame: Frame) -> None:
        if not len(frame.persons):
            return
        folder = self.home / "truth" / "rows" / source / period
        folder.mkdir(parents=True, exist_ok=True)
        table = pa.table({"person": pa.array(frame.persons, pa.int32())})
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd", use_dictionary=False)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _json_lines(table: pa.Table) -> bytes:
    pieces = []
    for name in table.column_names:
        array = table.column(name).combine_chunks()
        if pa.types.is_string(array.type):
            escaped = pc.replace_substring(pc.replace_substring(array, "\\", "\\\\"), '"', '\\"')
            value = pc.binary_join_element_wise('"', escaped, '"', "")
        else:
            value = array.cast(pa.string())
        pieces.append(pc.fill_null(pc.binary_join_element_wise(f'"{name}": ', value, ", ", ""), ""))
    lines = (
        pc.binary_join_element_wise("{", *pieces, "}", "") if table.num_rows else pa.array([], pa.string())
    )
    closed = pc.replace_substring(lines, ", }", "}")
    return "".join(f"{line}\n" for line in closed.to_pylist()).encode("utf-8")


def write_table(table: pa.Table, path: Path, style: Style) -> None:
    """Write one file; the same table gives the same bytes."""
    if style.format == "parquet":
        pq.write_table(table, path, compression="zstd", row_group_size=500_000)
    elif style.format == "xlsx":
        write_workbook(table, path)
    elif style.format == "csv":
        with path.open("wb") as handle:
            _write_csv(table, handle, style)
    else:
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as handle:
            if style.format == "csv.gz":
                _write_csv(table, handle, style)
            else:
                handle.write(_json_lines(table))


def _write_csv(table: pa.Table, handle: object, style: Style) -> None:
    sink = pa.PythonFile(handle, mode="w")
    if style.bom:
        sink.write(b"\xef\xbb\xbf")
    sink.write((style.delimiter.join(table.column_names) + "\n").encode("utf-8"))
    options = pa_csv.WriteOptions(
        include_header=False,
        delimiter=style.delimiter,
        quoting_style="needed" if style.quoted else "none",
        batch_size=16_384,
    )
    pa_csv.write_csv(table, sink, options)
