"""What other systems call the columns of the contracts: German, French, Spanish, Dutch, and ERP English.

Only drafts of profiles use these words; a load knows a contract's own names and aliases alone.
"""

from __future__ import annotations

HEADER_WORDS: dict[str, tuple[str, ...]] = {
    "order_id": (
        *("Bestellnummer", "Bestellnr", "Bestell-Nr", "Auftragsnummer", "Auftragsnr", "Auftrag", "Belegnummer"),
        *("Rechnungsnummer", "Order number", "Order no", "Invoice no", "Sales order", "Document number"),
        *("Numéro de commande", "N° commande", "Commande", "Número de pedido", "Pedido", "Bestelnummer", "Ordernummer"),
    ),
    "created_at": (
        *("Bestelldatum", "Auftragsdatum", "Belegdatum", "Rechnungsdatum", "Datum", "Order date", "Invoice date"),
        *("Date", "Date de commande", "Fecha de pedido", "Fecha", "Besteldatum", "Orderdatum"),
    ),
    "quantity": ("Menge", "Anzahl", "Stückzahl", "Stück", "Qty", "Quantity", "Quantité", "Cantidad", "Aantal"),
    "unit_price": (
        *("Einzelpreis", "Stückpreis", "Preis", "VK-Preis", "Unit price", "UnitPrice", "Item price"),
        *("Prix unitaire", "Prix", "Precio unitario", "Precio", "Stukprijs", "Prijs"),
    ),
    "discount": ("Rabatt", "Nachlass", "Remise", "Descuento", "Korting", "Line discount"),
    "currency": ("Währung", "Devise", "Moneda", "Valuta", "Currency code"),
    "line_name": ("Bezeichnung", "Artikelbezeichnung", "Artikelname", "Description", "Item name", "Désignation"),
    "total": ("Gesamtbetrag", "Gesamtsumme", "Bruttobetrag", "Total amount", "Montant total", "Importe total"),
    "taxes": ("Steuer", "MwSt", "Mehrwertsteuer", "USt", "VAT", "TVA", "IVA", "BTW", "Tax"),
    "shipping": ("Versandkosten", "Versand", "Frais de port", "Gastos de envío", "Verzendkosten"),
    "variant_id": ("Artikel-ID", "Item ID", "Product ID", "Item code", "Material", "Materialnummer"),
    "handle": ("Produktkürzel", "Slug", "Permalink"),
    "sku": (
        *("Artikelnummer", "Artikelnr", "Artikel-Nr", "Art.-Nr.", "Artikel", "Item number", "Item no", "Article"),
        *("Article number", "Stock code", "StockCode", "Référence", "Referencia", "Código", "Artikelcode"),
    ),
    "barcode": ("EAN", "EAN-Code", "GTIN", "UPC", "Strichcode", "Code-barres", "Código de barras"),
    "title": ("Bezeichnung", "Produktname", "Artikelbezeichnung", "Artikelname", "Product name", "Name", "Désignation"),
    "product": ("Produkt", "Produit", "Producto"),
    "vendor": ("Hersteller", "Marke", "Lieferant", "Brand", "Manufacturer", "Marque", "Marca", "Merk"),
    "product_type": ("Warengruppe", "Kategorie", "Category", "Catégorie", "Categoría", "Categorie"),
    "price": ("Preis", "Verkaufspreis", "VK-Preis", "VK", "Prix", "Precio", "Prijs", "Sales price", "List price"),
    "cost": ("Einkaufspreis", "EK-Preis", "EK", "Cost", "Cost price", "Prix d'achat", "Coste", "Inkoopprijs"),
    "inventory_quantity": ("Bestand", "Lagerbestand", "Stock", "Stock quantity", "Existencias", "Voorraad"),
    "location": ("Lager", "Lagerort", "Standort", "Filiale", "Warehouse", "Store", "Entrepôt", "Almacén", "Magazijn"),
    "available": ("Verfügbar", "Bestand", "Lagerbestand", "Disponible", "Beschikbaar", "Stock", "Quantity", "Menge"),
    "on_hand": ("Istbestand", "Physischer Bestand", "Quantity on hand", "QOH"),
    "committed": ("Reserviert", "Réservé", "Reservado", "Gereserveerd", "Allocated"),
    "incoming": ("Zulauf", "Im Zulauf", "Bestellt", "On order", "Inbound"),
    "email": ("E-Mail", "Mail", "E-Mail-Adresse", "Courriel", "Correo"),
}
