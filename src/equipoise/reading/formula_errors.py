# SPDX-License-Identifier: Apache-2.0
"""What a spreadsheet leaves in a cell whose formula has no result."""

from __future__ import annotations

FORMULA_ERRORS = (
    # Excel and Google Sheets, in English.
    "#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!",
    "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#PYTHON!",
    "#ERROR!", "#GETTING_DATA", "#EXTERNAL!", "#TIMEOUT!",
    # German, French, Spanish, Italian, Portuguese, Dutch.
    "#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#ÜBERLAUF!", "#KALK!", "#FELD!",
    "#VALEUR!", "#NOM?", "#NOMBRE!", "#NUL!", "#PROPAGATION!",
    "#N/D", "#¡DIV/0!", "#¡REF!", "#¡VALOR!", "#¿NOMBRE?", "#¡NUM!", "#¡NULO!",
    "#RIF!", "#VALORE!", "#NOME?", "#NULLO!", "#NÚM!", "#VALOR!", "#NOME!", "#NULO!",
    "#N/B", "#DEEL/0!", "#VERW!", "#WAARDE!", "#NAAM?", "#GETAL!", "#LEEG!",
    # LibreOffice.
    *(f"Err:{number}" for number in range(501, 541)),
)  # fmt: skip
"""As they are saved in a text file: such a cell is missing."""
