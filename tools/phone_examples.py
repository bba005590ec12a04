"""Writes examples.csv; needs phonenumberslite 9.0.42."""

import csv
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

WAYS = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.RFC3966, PhoneNumberFormat.E164)
KINDS = {"fixed": PhoneNumberType.FIXED_LINE, "mobile": PhoneNumberType.MOBILE}

TARGET = Path(__file__).parent.parent / "tests" / "golden" / "phone_numbers" / "examples.csv"

with TARGET.open("w", newline="") as file:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["region", "code", "kind", "national", "international", "rfc3966", "e164"])
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for name, kind in KINDS.items():
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                written = [phonenumbers.format_number(number, way) for way in WAYS]
                rows.writerow([region, phonenumbers.country_code_for_region(region), name, *written])
