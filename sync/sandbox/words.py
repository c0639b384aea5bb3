"""Vocabulary of the practice library: what its journals, books, publishers and providers are called.

Publishers and providers are invented. Personal names are common family names with an initial.
"""

from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Words of one language. Patterns may use {subject}, {other} (a second subject), {field} and {place}."""

    subjects: tuple[str, ...]
    fields: tuple[str, ...]
    places: tuple[str, ...]
    journals: tuple[str, ...]
    books: tuple[str, ...]
    subtitles: tuple[str, ...]


ENGLISH = Vocabulary(
    subjects=_words(
        "Acoustics|Aesthetics|Agronomy|Algebra|Anatomy|Anthropology|Archaeology|Architecture|Astronomy|Bioethics|"
        "Biochemistry|Botany|Building Physics|Cardiology|Cartography|Ceramics|Chemistry|Climatology|Combustion|"
        "Computing|Corrosion|Crystallography|Demography|Dentistry|Dermatology|Ecology|Economics|Education|"
        "Electronics|Endocrinology|Energy Policy|Entomology|Epidemiology|Ethnography|Fisheries|Folklore|Forestry|"
        "Genetics|Geodesy|Geography|Geology|Geriatrics|Glaciology|Haematology|Heritage Studies|History|Horticulture|"
        "Hydrology|Immunology|Information Science|International Law|Labour Relations|Librarianship|Limnology|"
        "Linguistics|Literature|Logic|Logistics|Marine Biology|Marketing|Materials Testing|Mathematics|Mechanics|"
        "Media Studies|Metallurgy|Meteorology|Microbiology|Mineralogy|Museum Studies|Musicology|Mycology|"
        "Nephrology|Neurology|Number Theory|Numismatics|Nursing|Nutrition|Oceanography|Optics|Ornithology|"
        "Orthopaedics|Paediatrics|Palaeontology|Parasitology|Pharmacology|Philosophy|Phonetics|Photography|"
        "Physiology|Plant Breeding|Poetics|Political Theory|Polymer Science|Primatology|Psychiatry|Public Health|"
        "Religion|Rheumatology|Robotics|Rural Sociology|Seismology|Semiotics|Social Work|Soil Science|Statistics|"
        "Surgery|Surveying|Taxation|Textile Research|Theatre|Theology|Thermodynamics|Topology|Toxicology|"
        "Transport Planning|Urban Design|Veterinary Medicine|Virology|Water Management|Zoology"
    ),
    fields=_words(
        "Advanced|Ancient|Applied|Behavioural|Clinical|Cognitive|Colonial|Comparative|Computational|Contemporary|"
        "Critical|Cultural|Descriptive|Developmental|Digital|Early Modern|Empirical|Environmental|Experimental|"
        "General|Global|Historical|Industrial|Integrative|Interdisciplinary|Medieval|Modern|Molecular|Practical|"
        "Quantitative|Regional|Social|Structural|Sustainable|Systematic|Theoretical|Translational|Tropical"
    ),
    places=_words(
        "African|Alpine|American|Andean|Arctic|Asian|Atlantic|Australian|Baltic|Bavarian|Bengal|Brazilian|British|"
        "Canadian|Caribbean|Catalan|Caucasian|Central European|Chilean|Chinese|Cornish|Danish|Dutch|East African|"
        "Egyptian|Estonian|European|Finnish|Flemish|French|Galician|German|Greek|Hellenic|Highland|Himalayan|"
        "Hungarian|Iberian|Icelandic|Indian|Indonesian|International|Irish|Italian|Japanese|Kenyan|Korean|Latin "
        "American|Lusophone|Malaysian|Mediterranean|Mexican|Nigerian|Nordic|North American|Norwegian|Pacific|Persian|"
        "Polish|Portuguese|Rhenish|Saharan|Scandinavian|Scottish|Siberian|Slavic|South African|Southern|Spanish|"
        "Sudanese|Swedish|Swiss|Turkish|Ukrainian|Welsh|West African|Western"
    ),
    journals=(
        "Journal of {subject}",
        "Journal of {field} {subject}",
        "The Journal of {field} {subject}",
        "{place} Journal of {subject}",
        "{place} Journal of {field} {subject}",
        "Annals of {field} {subject}",
        "{place} Annals of {subject}",
        "Archives of {field} {subject}",
        "{place} {subject} Review",
        "The {place} Review of {subject}",
        "{subject} & {other}",
        "{field} {subject} and {other}",
        "Advances in {field} {subject}",
        "Transactions on {field} {subject}",
        "{place} Bulletin of {subject}",
        "Proceedings of the {place} Society for {subject}",
        "{subject} Quarterly",
        "{subject} Today",
        "Studies in {field} {subject}",
    ),
    books=(
        "{field} {subject}",
        "{subject} and {other}",
        "{place} {subject}",
        "{place} {subject} and {other}",
        "Introduction to {field} {subject}",
        "The {place} Tradition in {subject}",
        "Principles of {subject} in {other}",
        "{subject} after {other}",
        "Rethinking {place} {subject}",
        "The Routes of {place} {subject}",
        "{field} {subject} for Practitioners",
        "A History of {place} {subject}",
    ),
    subtitles=(
        *("a handbook", "an introduction", "a reader", "theory and practice", "essays and documents", "a field guide"),
        *("concepts, methods, cases", "from the beginnings to the present", "problems and solutions"),
        *("proceedings of the third symposium", "a critical companion", "selected papers", "new perspectives"),
    ),
)

GERMAN = Vocabulary(
    subjects=_words(
        "Agrarökonomie|Archäologie|Bauphysik|Bildungsforschung|Bodenkunde|Botanik|Chirurgie|Denkmalpflege|"
        "Energietechnik|Ethnologie|Forstwirtschaft|Geologie|Geschichte|Gewässerkunde|Glaziologie|Informatik|"
        "Kunstgeschichte|Lebensmittelchemie|Linguistik|Mathematik|Musikwissenschaft|Ökologie|"
        "Pädagogik|Pflegewissenschaft|Philosophie|Psychologie|Rechtsgeschichte|Soziologie|Sprachwissenschaft|"
        "Theologie|Volkskunde|Werkstoffkunde|Zahnheilkunde|Zoologie"
    ),
    fields=_words("allgemeine|angewandte|klinische|moderne|praktische|systematische|theoretische|vergleichende"),
    places=_words(
        "Altmärkische|Badische|Fränkische|Hessische|Mährische|Märkische|Norddeutsche|Österreichische|Pfälzische|"
        "Rheinische|Sächsische|Schwäbische|Schweizerische|Thüringische|Westfälische"
    ),
    journals=(
        "Zeitschrift für {subject}",
        "Zeitschrift für {field} {subject}",
        "Archiv für {field} {subject}",
        "{place} Beiträge zur {subject}",
        "{place} Zeitschrift für {field} {subject}",
        "Jahrbuch für {subject} und {other}",
        "{place} Blätter für {subject}",
    ),
    books=(
        "Einführung in die {field} {subject}",
        "{subject} und {other}",
        "Grundzüge der {subject}",
        "{place} Studien zur {subject}",
        "{subject} im Wandel",
    ),
    subtitles=("ein Handbuch", "Festschrift zum sechzigsten Jahr", "eine Einführung", "Theorie und Praxis", "Quellen"),
)

FRENCH = Vocabulary(
    subjects=_words(
        "biologie|botanique|chimie|chirurgie|climatologie|démographie|génétique|géographie|géologie|linguistique|"
        "littérature|médecine|minéralogie|musicologie|numismatique|paléontologie|pédagogie|philosophie|phonétique|"
        "physiologie|psychologie|sociologie|théologie|toxicologie|zoologie"
    ),
    fields=_words("appliquée|clinique|comparée|contemporaine|expérimentale|générale|médiévale|moderne|sociale"),
    places=_words("africaine|alpine|bretonne|canadienne|européenne|franco-suisse|maghrébine|normande|provençale"),
    journals=(
        "Revue {place} de {subject}",
        "Cahiers de {subject} {field}",
        "Annales de {subject} {field}",
        "Études de {subject} et de {other}",
        "Revue {place} de {subject} {field}",
    ),
    books=("Traité de {subject} {field}", "{subject} et {other}", "Introduction à la {subject} {field}"),
    subtitles=("manuel", "théorie et pratique", "actes du colloque", "une introduction"),
)

SPANISH = Vocabulary(
    subjects=_words(
        "antropología|arqueología|bibliotecología|botánica|cirugía|ecología|economía|educación|enfermería|"
        "estadística|filosofía|geografía|historia|ingeniería|lingüística|medicina|música|psicología|química|"
        "sociología|teología|zootecnia"
    ),
    fields=_words("aplicada|clínica|comparada|contemporánea|experimental|general|moderna|social|teórica"),
    places=_words("Andina|Argentina|Caribeña|Chilena|Colombiana|Española|Ibérica|Mexicana|Peruana|Uruguaya"),
    journals=(
        "Revista {place} de {subject}",
        "Revista {place} de {subject} {field}",
        "Anales de {subject} {field}",
        "Cuadernos de {subject} y {other}",
    ),
    books=("Manual de {subject} {field}", "Introducción a la {subject} {field}", "Ensayos de {subject} y {other}"),
    subtitles=("teoría y práctica", "un manual", "actas del congreso", "lecturas escogidas"),
)

CHINESE = Vocabulary(
    subjects=("地质学", "图书馆学", "水利", "植物学", "农业经济", "材料科学", "临床医学", "语言学", "历史", "海洋学"),
    fields=("应用", "现代", "比较", "实验", "理论"),
    places=("华北", "华南", "西南", "东北", "江南"),
    journals=("{place}{field}{subject}学报", "{field}{subject}研究", "{subject}与{other}"),
    books=("{field}{subject}导论", "{place}{subject}史", "{subject}与{other}"),
    subtitles=("手册", "论文集", "理论与实践"),
)

ARABIC = Vocabulary(
    subjects=("التاريخ", "الآثار", "اللغة", "الهندسة", "القانون", "الطب", "الزراعة", "الجغرافيا", "الفلسفة"),
    fields=("المعاصر", "التطبيقي", "المقارن", "الحديث"),
    places=("العربية", "المغربية", "الأندلسية", "المصرية"),
    journals=("المجلة {place} لعلوم {subject}", "دراسات في {subject} {field}", "حوليات {subject} و{other}"),
    books=("مدخل إلى {subject} {field}", "دراسات في {subject} و{other}"),
    subtitles=("دليل", "بحوث مختارة"),
)

# How often a language is met in the bulk of the library, in percent
LANGUAGES: tuple[tuple[Vocabulary, int], ...] = (
    (ENGLISH, 74),
    (GERMAN, 11),
    (FRENCH, 6),
    (SPANISH, 6),
    (CHINESE, 2),
    (ARABIC, 1),
)

INVENTED_HOUSES: tuple[str, ...] = _words(
    "Aldermoor|Ashquill|Brindlewick|Calderstane|Corvenna|Dunmarrow|Eastermere|Fennimoor|Gallowick|Harrowfen|Ilvermoor|"
    "Jarnsund|Kestrelby|Lindquarry|Marrowgate|Nordhaven|Ostwick|Pellamor|Quillmoor|Ravensund|Saltmarrow|Tolvarre|"
    "Umberlay|Varnholt|Wexmarrow|Yarrowmere|Zellenbruck"
)
PUBLISHER_FORMS: tuple[str, ...] = (
    *("{house} Press", "{house} University Press", "{house} Academic", "{house} & {second}", "{house} Verlag"),
    *("Éditions {house}", "{house} Scholarly Society", "Editorial {house}", "{house} Institute Publications"),
)
FAMILY_NAMES: tuple[str, ...] = _words(
    "Andersson|Bauer|Berg|Costa|Diallo|Evans|Fischer|García|Haddad|Ivanova|Jensen|Kim|Kowalska|Lefèvre|Martin|Müller|"
    "Nguyen|O'Brien|Okafor|Papadopoulos|Rossi|Santos|Schneider|Silva|Smith|Tanaka|van Dijk|Virtanen|Wang|Yılmaz"
)
INITIALS = "ABCDEFGHIJKLMNOPRSTW"
