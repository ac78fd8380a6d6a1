"""Exports of other shop systems, generated: their headers, and rows of an invented shop under those that matter."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Export:
    """One kind of file of a system. `dataset`: what it is loaded as; `rows`: header -> cell, blank where not named."""

    system: str
    dataset: str
    header: Sequence[str]
    rows: Sequence[Row]
    delimiter: str = ","
    above: str = ""

    @property
    def text(self) -> str:
        """The file."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.header, restval="", delimiter=self.delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return self.above + text.getvalue()


def _names(text: str, sign: str = ",") -> list[str]:
    return text.split(sign)


WOOCOMMERCE_PRODUCTS = Export(
    "woocommerce",
    "catalog",
    [
        *_names("ID,Type,SKU"),
        "GTIN, UPC, EAN, or ISBN",
        *_names("Name,Published,Is featured?,Visibility in catalog,Short description,Description,Tax status,In stock?"),
        *_names("Stock,Weight (kg),Sale price,Regular price,Categories,Tags,Images,Parent,Position"),
        *_names("Attribute 1 name,Attribute 1 value(s),Attribute 1 visible,Attribute 1 global"),
    ],
    [
        {"ID": "11", "Type": "simple", "SKU": "MUG-1", "Name": "Mug", "Published": "1", "Stock": "7"}
        | {"Regular price": "12.50", "Categories": "Kitchen", "GTIN, UPC, EAN, or ISBN": "4006381333931"},
        {"ID": "12", "Type": "variation", "SKU": "TEE-S", "Name": "Tee - S", "Published": "-1", "Parent": "id:10"}
        | {"Regular price": "20", "Attribute 1 name": "Size", "Attribute 1 value(s)": "S"},
    ],
)

WOOCOMMERCE_ORDERS = Export(
    "woocommerce",
    "orders",
    [
        *_names("Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing)"),
        *_names("Email (Billing),Payment Method Title,Cart Discount Amount,Order Subtotal Amount"),
        *_names("Shipping Method Title,Order Shipping Amount,Order Refund Amount,Order Total Amount"),
        *_names(
            "Order Total Tax Amount,SKU,Item #,Item Name,Quantity (- Refund),Item Cost,Coupon Code,Discount Amount"
        ),
    ],
    [
        {"Order Number": "501", "Order Status": "Completed", "Order Date": "2025-03-03 10:15", "SKU": "MUG-1"}
        | {"Item Name": "Mug", "Quantity (- Refund)": "2", "Item Cost": "12.50", "Order Total Amount": "25.00"},
        {"Order Number": "501", "Order Status": "Completed", "Order Date": "2025-03-03 10:15", "SKU": "TEE-S"}
        | {"Item Name": "Tee - S", "Quantity (- Refund)": "1", "Item Cost": "20"},
    ],
)

MAGENTO_PRODUCTS = Export(
    "magento",
    "catalog",
    [
        *_names("sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description"),
        *_names("short_description,weight,product_online,tax_class_name,visibility,price,special_price,url_key"),
        *_names("created_at,updated_at,additional_attributes,qty,out_of_stock_qty,is_in_stock,manage_stock"),
    ],
    [
        {
            "sku": "MUG-1",
            "product_type": "simple",
            "name": "Mug",
            "price": "12.500000",
            "url_key": "mug",
            "qty": "7.0000",
        },
        {
            "sku": "TEE-S",
            "product_type": "simple",
            "name": "Tee S",
            "price": "20.000000",
            "url_key": "tee-s",
            "qty": "0",
        },
    ],
)

MAGENTO_STOCK = Export(
    "magento",
    "inventory",
    _names("source_code,sku,status,quantity"),
    [
        {"source_code": "default", "sku": "MUG-1", "status": "1", "quantity": "7.0000"},
        {"source_code": "north", "sku": "MUG-1", "status": "1", "quantity": "3.0000"},
    ],
)

PRESTASHOP_PRODUCTS = Export(
    "prestashop",
    "catalog",
    _names("Product ID,Image,Name,Reference,Category,Price (tax excl.),Price (tax incl.),Quantity,Status,Position"),
    [
        {"Product ID": "1", "Name": "Mug", "Reference": "MUG-1", "Category": "Kitchen", "Quantity": "7", "Status": "1"}
        | {"Price (tax excl.)": "12.50", "Price (tax incl.)": "15.00", "Position": "1"},
        {"Product ID": "2", "Name": "Tee", "Reference": "TEE-S", "Category": "Clothes", "Quantity": "0", "Status": "0"}
        | {"Price (tax excl.)": "20.00", "Price (tax incl.)": "24.00", "Position": "2"},
    ],
    delimiter=";",
)

EBAY_ORDERS = Export(
    "ebay",
    "orders",
    [
        *_names("Sales Record Number,Order Number,Buyer Username,Buyer Name,Buyer Email,Ship To Name,Ship To Country"),
        *_names(
            "Item Number,Item Title,Custom Label,Sold Via Promoted Listings,Quantity,Sold For,Shipping And Handling"
        ),
        *_names(
            "Seller Collected Tax,eBay Collected Tax,Total Price,Payment Method,Sale Date,Paid On Date,Ship By Date"
        ),
        *_names("Shipped On Date,Tracking Number,Transaction ID,Variation Details"),
    ],
    [
        {"Sales Record Number": "71", "Order Number": "18-1-1", "Item Title": "Mug", "Custom Label": "MUG-1"}
        | {"Quantity": "2", "Sold For": "$12.50", "Total Price": "$25.00", "Sale Date": "Mar-09-25"}
        | {"Paid On Date": "Mar-10-25"},
        {"Sales Record Number": "72", "Order Number": "18-1-2", "Item Title": "Tee", "Custom Label": "TEE-S"}
        | {"Quantity": "1", "Sold For": "AU $1,020.00", "Total Price": "AU $1,020.00", "Sale Date": "Dec-31-24"},
    ],
    above="," * 24 + "\n",
)

ETSY_ORDERS = Export(
    "etsy",
    "orders",
    [
        *_names(
            "Sale Date,Item Name,Buyer,Quantity,Price,Coupon Code,Coupon Details,Discount Amount,Shipping Discount"
        ),
        *_names("Order Shipping,Order Sales Tax,Item Total,Currency,Transaction ID,Listing ID,Date Paid,Date Shipped"),
        *_names(
            "Ship Name,Ship Address1,Ship City,Ship State,Ship Zipcode,Ship Country,Order ID,Variations,Order Type"
        ),
        *_names("Listings Type,Payment Type,SKU"),
    ],
    [
        {"Sale Date": "03/09/25", "Item Name": "Mug", "Quantity": "2", "Price": "12.50", "Discount Amount": "0.00"}
        | {"Currency": "USD", "Listing ID": "953074300", "Order ID": "2328", "SKU": "MUG-1", "Date Paid": "03/10/25"},
        {"Sale Date": "12/31/24", "Item Name": "Tee", "Quantity": "1", "Price": "1,020.00", "Discount Amount": "5.00"}
        | {"Currency": "USD", "Listing ID": "953074301", "Order ID": "2327", "SKU": "TEE-S"},
    ],
)

AMAZON_LISTINGS = Export(
    "amazon",
    "catalog",
    [
        *_names("item-name,item-description,listing-id,seller-sku,price,quantity,open-date,image-url"),
        *_names("item-is-marketplace,product-id-type,item-note,item-condition,asin1,asin2,asin3,product-id"),
        *_names("pending-quantity,fulfillment-channel,merchant-shipping-group,status"),
    ],
    [
        {"item-name": "Mug", "listing-id": "0708QHIDPCS", "seller-sku": "MUG-1", "price": "12.50", "quantity": "7"}
        | {"open-date": "08/07/2025 10:12:40 BST", "product-id": "4006381333931", "status": "Active"},
        {"item-name": "Tee", "listing-id": "0708QHIDPCT", "seller-sku": "TEE-S", "price": "20", "quantity": ""}
        | {"open-date": "09/07/2025 10:12:40 BST", "product-id": "B01I53BE4O", "status": "Active"},
    ],
    delimiter="\t",
)

EXPORTS = (
    *(WOOCOMMERCE_PRODUCTS, WOOCOMMERCE_ORDERS, MAGENTO_PRODUCTS, MAGENTO_STOCK, PRESTASHOP_PRODUCTS),
    *(EBAY_ORDERS, ETSY_ORDERS, AMAZON_LISTINGS),
)
